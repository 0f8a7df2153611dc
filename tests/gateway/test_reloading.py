"""A running gateway takes up what its files say now, all of it or none of it, under calls that do not notice."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.guarding.guarded import Bounds, Guarded
from bench.mishaps import BAD
from certs.authority import Authority
from certs.extensions import Profile, Usage
from gateway import reloading
from gateway.client import QueryRefused
from gateway.clock import SystemClock, fraction
from gateway.config import Loaded, System
from gateway.connecting import connector
from gateway.development.layout import WINDOW, Layout
from gateway.model.refusal import Reason
from gateway.reloading import Standing
from tests.gateway.living import LIFE, NOW, caller, client, fingerprint, met, put_unjudged, read, renewed, rotate, running


async def test_another_generation_is_taken_up_without_a_signal(living: Layout) -> None:
    async with running(living) as (serving, said), client(serving, caller(living)) as standing:
        await standing.evidence_types()
        for count in (1, 2):
            made = renewed(living)
            name = rotate(living, made)
            line = (await said.heard("kuacheng.reload", count))[-1]
            assert (line["level"], line["trigger"], line["generation"]) == ("INFO", "generation", name)
            assert await met(serving) == fingerprint(made["server.pem"])
            await standing.evidence_types()
            async with client(serving, caller(living)) as new:
                await new.evidence_types()


async def test_one_that_comes_while_another_is_being_read_is_not_missed(living: Layout) -> None:
    first, bad, last = renewed(living), {**renewed(living), "server.key": renewed(living)["server.key"]}, renewed(living)
    coming = [bad, last]

    def read_slowly() -> Loaded:
        """By the time that one is read, the next is in force."""
        try:
            return read(living)
        finally:
            if coming:
                put_unjudged(living, coming.pop(0))

    async with running(living, read_slowly) as (serving, said):
        rotate(living, first)
        lines = await said.heard("kuacheng.reload", 3)
        assert [each["level"] for each in lines] == ["INFO", "ERROR", "INFO"]
        assert await met(serving) == fingerprint(last["server.pem"])


def test_cities_are_asked_with_the_new_certificate_and_old_connections_are_let_finish(living: Layout) -> None:
    before = read(living)
    rotate(living, renewed(living))
    after = read(living)
    for name, system in after.systems.items():
        assert system != before.systems[name]
        assert Path(system.certificate).is_file()
        assert Path(system.certificate).parent.name > Path(before.systems[name].certificate).parent.name


async def test_a_changed_password_has_an_adapter_of_its_own_that_waits_for_no_rest_of_the_old_one(living: Layout) -> None:
    before = read(living)
    system = before.systems["guangzhou.g1"]
    mended = replace(system, credentials={**system.credentials, "password": "another"})
    after = replace(before, systems={**before.systems, system.name: mended})
    standing = Standing(before, guarded)
    assert standing.renewed(before, guarded) == {}
    assert [*standing.renewed(after, guarded)] == [system.name]
    await standing.close()


def guarded(system: System) -> Guarded:
    clock = SystemClock()
    return Guarded(system.name, connector(system, clock), Bounds(1, 1, 1.0), clock, fraction)


async def test_a_caller_under_a_new_authority_of_its_region_is_known_from_then_on(living: Layout) -> None:
    new = Authority.create("foshan CA 2", NOW, timedelta(days=30))
    uri = f"spiffe://foshan.test/department/{WINDOW.credit_code}/system/{WINDOW.system}"
    leaf = new.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), NOW, LIFE)
    old = living.pki.authorities["440600"].certificate.read_bytes()
    async with running(living) as (serving, _):
        rotate(living, {"authorities/440600.pem": old + new.certificate_pem})
        assert await serving.reload("test") == ()
        async with client(serving, caller(living, leaf)) as under_new, client(serving, caller(living)) as under_old:
            await under_new.evidence_types()
            await under_old.evidence_types()
            rotate(living, {"authorities/440600.pem": new.certificate_pem})
            assert await serving.reload("test") == ()
            await under_new.evidence_types()
            with pytest.raises(QueryRefused) as refused:
                await under_old.evidence_types()
            assert refused.value.reason == Reason.CALLER_UNKNOWN.name, "its connection stands, and yet it is nobody now"
    rotate(living, {"authorities/440600.pem": old})


async def test_a_bad_generation_is_refused_with_its_reason_and_the_old_one_stays(living: Layout) -> None:
    async with running(living) as (serving, said), client(serving, caller(living)) as standing:
        before = await met(serving)
        put_unjudged(living, {**renewed(living), "server.key": renewed(living)["server.key"]})
        (line,) = await said.heard("kuacheng.reload", 1)
        assert line["level"] == "ERROR"
        assert "the private key does not belong to its certificate" in str(line["problems"])
        assert await met(serving) == before
        await standing.evidence_types()
        rotate(living, renewed(living))
        assert (await said.heard("kuacheng.reload", 2))[-1]["level"] == "INFO"
        assert await met(serving) != before


async def test_what_another_clock_made_is_not_shown_to_anybody_before_its_time(living: Layout) -> None:
    ahead = BAD["made by a clock an hour ahead"](living.pki.authority("gateway"), SystemClock().now())
    async with running(living) as (serving, said):
        before = await met(serving)
        put_unjudged(living, {name: content for name, content in ahead.items() if content})
        (line,) = await said.heard("kuacheng.reload", 1)
        assert "it is valid only from" in str(line["problems"])
        assert await met(serving) == before
    rotate(living, renewed(living))


async def test_one_that_was_refused_for_a_while_only_is_tried_again(living: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "AGAIN_SECONDS", 0.01)
    full = [OSError("No space left on device")] * 2

    def read_later() -> Loaded:
        if full:
            raise full.pop()
        return read(living)

    async with running(living, read_later) as (serving, said):
        made = renewed(living)
        name = rotate(living, made)
        lines = await said.heard("kuacheng.reload", 3)
        assert [each["level"] for each in lines] == ["ERROR", "ERROR", "INFO"]
        assert (lines[-1]["trigger"], lines[-1]["generation"]) == ("generation", name)
        assert await met(serving) == fingerprint(made["server.pem"])


async def test_a_fault_of_our_own_is_told_with_its_place_and_ends_nothing(living: Layout) -> None:
    secret, faults = "张三丰", ["one"]

    def read_badly() -> Loaded:
        if faults:
            raise RuntimeError(secret + faults.pop())
        return read(living)

    async with running(living, read_badly) as (_, said):
        rotate(living, renewed(living))
        fault, refused = await said.heard("kuacheng.reload", 2)
        assert (fault["message"], fault["kind"]) == ("internal fault", "RuntimeError")
        assert str(fault["where"]).startswith("gateway/reloading.py:")
        assert str(refused["problems"]) == f'["a fault of the gateway\'s own, RuntimeError at {fault["where"]}; report it"]'
        assert secret not in str(fault) + str(refused)
        rotate(living, renewed(living))
        assert (await said.heard("kuacheng.reload", 3))[-1]["level"] == "INFO"


async def test_what_takes_a_restart_is_said(living: Layout) -> None:
    async with running(living) as (serving, _):
        text = living.config.read_text()
        living.config.write_text(text.replace("log: log.gateway.test/development", "log: log.gateway.test/other"))
        (told,) = await serving.reload("test")
        assert told.startswith("log changed, and that takes a restart")


async def test_agreements_change_with_the_rest(living: Layout) -> None:
    file = living.folder / "agreements" / "development.yaml"
    async with running(living) as (serving, _), client(serving, caller(living)) as standing:
        assert [each.alias for each in await standing.evidence_types()][1:]
        text = file.read_text()
        file.write_text("agreements: nonsense")
        assert "agreements" in (await serving.reload("test"))[0]
        assert [each.alias for each in await standing.evidence_types()][1:]
        file.write_text("".join(line for line in text.splitlines(keepends=True) if "housing-record" not in line))
        assert await serving.reload("test") == ()
        assert "housing-record" not in {each.alias for each in await standing.evidence_types()}
