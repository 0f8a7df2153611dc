"""What the pages show: searches only with their entry, hostile values as text, no number of a person."""

import asyncio
import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import SystemClock
from gateway.console.searching import ZONE
from gateway.development.samples import samples
from gateway.model.exchange import EntryKind
from gateway.model.refusal import Reason, Refusal
from tests.gateway.console.conftest import HOSTILE, HOSTILE_ID, NOW, House


def period(**further: str) -> str:
    ends = (NOW - timedelta(minutes=5), SystemClock().now() + timedelta(minutes=10))
    first, last = (f"{each.astimezone(ZONE):%Y-%m-%dT%H:%M}" for each in ends)
    return "/exchanges?" + "&".join(f"{name}={value}" for name, value in {"from": first, "to": last, **further}.items())


async def test_the_overview_tells_of_both_cities_and_of_the_log(stands: House) -> None:
    zh, en = [await stands.get("audit", "/", **{"Accept-Language": each}) for each in ("zh", "en")]
    assert all(each in zh.text for each in ("广州市", "佛山市", "存证日志", "正常"))
    assert all(each in en.text for each in ("Guangzhou", "Foshan", "Evidence log", "Good", "guangzhou.g1"))


async def test_a_city_that_is_not_there_is_missing(stands: House) -> None:
    assert [(await stands.get("audit", f"/cities/{code}")).status for code in ("440600", "999999", "x")] == [200, 404, 404]


async def test_an_exchange_is_shown_with_its_entries_in_words_once_the_search_is_recorded(stands: House) -> None:
    answer = await stands.get("audit", f"/exchanges?id={stands.exchange}", **{"Accept-Language": "en"})
    act = stands.entries()[-1]
    assert answer.status == 200
    assert all(
        each in answer.text
        for each in (stands.exchange, "Intent", "Outcome", "Calling department", "CITY_UNAVAILABLE", "Guangzhou")
    )
    assert act.kind is EntryKind.ACT
    assert act.facts == {
        "act": "LOG_SEARCHED",
        "operator": "",
        "os_user": act.facts["os_user"],
        "host_role": "CONSOLE",
        "searcher": "spiffe://administrators.test/administrator/audit",
        "searcher_role": "audit",
        "sought": "exchange",
        "sought_exchange": stands.exchange,
        "found": 2,
    }


async def test_a_span_of_time_is_searched_and_that_too_is_recorded(stands: House) -> None:
    answer = await stands.get("audit", period())
    act = stands.entries()[-1]
    assert all(each in answer.text for each in (stands.exchange, HOSTILE_ID, "GATEWAY_STARTED"))
    assert (act.facts["sought"], act.facts["found"]) == ("period", answer.text.count("<tr><td><time"))


async def test_what_cannot_be_recorded_is_not_shown(stands: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Refusal(Reason.LEDGER_UNAVAILABLE, "the disk is full")

    monkeypatch.setattr("gateway.acts.record_by_command", broken)
    for path in (f"/exchanges?id={stands.exchange}", period(), f"/receipts/{stands.exchange}"):
        answer = await stands.get("audit", path)
        assert (answer.status, "CITY_UNAVAILABLE" in answer.text, "disk" in answer.text) == (503, False, False)


async def test_hostile_values_are_text(stands: House) -> None:
    for path in (f"/exchanges?id={HOSTILE_ID}", period(), "/exchanges?id=" + HOSTILE, "/?lang=" + HOSTILE, "/" + HOSTILE):
        answer = await stands.get("audit", path)
        assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in (await stands.get("audit", f"/exchanges?id={HOSTILE_ID}")).text


@pytest.mark.parametrize("path", ["/exchanges?id={number}", "/exchanges?from={number}&to={number}", "/receipts/{number}"])
async def test_a_persons_number_is_neither_taken_nor_shown_nor_kept(stands: House, path: str) -> None:
    number, before = samples()[0].holder.id_number, len(stands.entries())
    answer = await stands.get("audit", path.format(number=number))
    assert (answer.status in (400, 404), number in answer.text, len(stands.entries())) == (True, False, before)
    assert number not in stands.said.getvalue()


async def test_no_page_names_a_holder(stands: House) -> None:
    holder = samples()[0].holder
    for path in ("/", "/cities/440100", "/catalogue", "/agreements", f"/exchanges?id={stands.exchange}", period()):
        text = (await stands.get("audit", path)).text
        assert holder.id_number not in text
        assert holder.name not in text


async def test_a_receipt_is_recorded_and_verifies_offline(stands: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    answer = await stands.get("audit", f"/receipts/{stands.exchange}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{stands.exchange}.json"'
    assert stands.entries()[-1].facts["sought"] == "receipt"
    assert json.loads(answer.text)["exchange_id"] == stands.exchange
    file = tmp_path_factory.mktemp("receipt") / "receipt.json"
    file.write_text(answer.text)
    (key,) = stands.layout.verifiers()
    done = await asyncio.to_thread(CliRunner().invoke, main, ["receipt", "verify", str(file), "--key", str(key)])
    assert (done.exit_code, "intent: holds" in done.output) == (0, True), done.output


async def test_no_receipt_of_what_is_not_there(stands: House) -> None:
    absent = "00000000-0000-4000-8000-000000000000"
    assert (await stands.get("audit", f"/exchanges?id={absent}")).status == 404
    assert stands.entries()[-1].facts["found"] == 0
    assert (await stands.get("audit", f"/receipts/{absent}")).status == 404


async def test_the_catalogue_has_every_field_in_both_languages(stands: House) -> None:
    text = (await stands.get("system", "/catalogue")).text
    for kind in stands.tls.watch.loaded.world.catalogue:
        for field in kind.fields.values():
            assert field.zh in text
            assert field.name in text
            for each in (field, *field.columns):
                assert all(f'<code>{code}</code> <span lang="zh-CN">{zh}</span>' in text for code, zh in each.codes.items())


async def test_agreements_tell_who_may_see_what(stands: House) -> None:
    text = (await stands.get("security", "/agreements", **{"Accept-Language": "en"})).text
    assert all(each in text for each in ("foshan-window-asks-440100", "in force", "440600-HRSS-0001", "statutory duty"))


async def test_certificates_stand_in_the_order_of_their_ends(stands: House) -> None:
    text = (await stands.get("security", "/certificates", **{"Accept-Language": "en"})).text
    days = [int(each) for each in re.findall(r'<td class="number">(-?\d+)</td>', text)]
    assert (len(days) > 3, days == sorted(days)) == (True, True)
    assert all(each in text for each in ("shown to callers", "shown to a city", "believed"))
