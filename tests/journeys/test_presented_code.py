"""A holder shows a code of Foshan's app, and a terminal in Guangzhou asks by it: once, for this paper, and nobody keeps the code."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Answer, Client, Holder, HolderType, PresentedCode, QueryRefused, UsageSearch, filing
from gateway.development.layout import DESK, LOG
from gateway.development.samples import SEARCH_BASIS, purpose
from gateway.ledger.keys import signer
from gateway.model.binding import plain
from tests.journeys import leaks
from tests.journeys.canonical import CODES, E_LICENCES
from tests.journeys.conftest import Up, question

FOSHAN = "440600"
OPERATION = "queryCertInfoByQRcode"


def samples(up: Up) -> dict[str, dict[str, Any]]:
    """The e-licences of which the first of Foshan has one."""
    told = [each for each in up.said["samples"] if (each["region"], each["outcome"]) == (FOSHAN, "ISSUED")]
    return {each["type"]: each for each in told if each["type"] in E_LICENCES}


@asynccontextmanager
async def client(up: Up, name: str) -> AsyncIterator[Client]:
    async with Client(up.said["gateway"], up.identity(name), server_name=up.said["server_name"]) as asking:
        yield asking


async def code_of(up: Up, kind: str, **further: Any) -> str:
    return await up.city(FOSHAN).shown(CODES[kind][0], samples(up)[kind]["holder"]["id_number"], **further)


async def asked(up: Up, kind: str, code: str, **further: Any) -> Answer:
    sample = samples(up)[kind]
    async with client(up, sample["client"]) as asking:
        return await asking.query(**{**question(sample), "holder": PresentedCode(code), **further})


async def refused(up: Up, kind: str, code: str, **further: Any) -> QueryRefused:
    with pytest.raises(QueryRefused) as caught:
        await asked(up, kind, code, **further)
    return caught.value


async def by_code(up: Up, since: int) -> list[dict[str, Any]]:
    return [each for each in await up.city(FOSHAN).tape(since) if each["operation"] == OPERATION]


async def looks(up: Up, id_type: str, number: str) -> set[str]:
    """The exchanges of which the desk tells this holder."""
    whom = Holder(HolderType.ORGANISATION if id_type == "001" else HolderType.PERSON, id_type, number, "")
    async with client(up, DESK.client) as desk:
        found = await desk.find_usage(UsageSearch(whom, purpose(DESK), SEARCH_BASIS))
    return {each.exchange_id for each in found.usages}


def kept(up: Up) -> tuple[str | bytes, ...]:
    """Whatever the gateway wrote anywhere."""
    folder = Path(up.said["config"]).parent
    return (leaks.ledger_bytes(up), (folder / "gateway.log").read_bytes())


@pytest.mark.parametrize("kind", E_LICENCES)
async def test_the_code_brings_what_the_number_brings(up: Up, kind: str) -> None:
    sample = samples(up)[kind]
    code = await code_of(up, kind)
    answer = await asked(up, kind, code)
    async with client(up, sample["client"]) as asking:
        by_number = await asking.query(**question(sample))
    assert answer.evidence == by_number.evidence
    assert answer.exchange_id in await looks(up, sample["holder"]["id_type"], sample["holder"]["id_number"])
    assert not leaks.found([code], *kept(up), repr(answer), json.dumps(plain(answer), default=str))


async def test_of_a_couple_only_who_showed_the_code_is_told(up: Up) -> None:
    shower = samples(up)["marriage-certificate"]["holder"]
    answer = await asked(up, "marriage-certificate", await code_of(up, "marriage-certificate"))
    (spouse,) = [each for each in answer.evidence[0].holders if each.id_number != shower["id_number"]]
    assert answer.exchange_id in await looks(up, "111", shower["id_number"])
    assert answer.exchange_id not in await looks(up, "111", spouse.id_number)


async def test_a_code_that_was_used_has_ended_or_is_of_another_paper_is_refused(up: Up) -> None:
    used, ended, other = await code_of(up, "driving-licence"), await code_of(up, "driving-licence", lifeSeconds=0), ""
    first = await asked(up, "driving-licence", used)
    other = await code_of(up, "driving-licence")
    for code, kind in ((used, "driving-licence"), (ended, "driving-licence"), (other, "marriage-certificate")):
        told = await refused(up, kind, code)
        assert (told.reason, told.blame, told.told.retry_after) == ("PRESENTED_CODE_REFUSED", "CALLER", None)
        entry = leaks.logged(up, told.told.exchange_id)[-1].entry
        assert (entry.facts["city_status"], "holder" in entry.facts) == ("102", False)
    assert (await refused(up, "driving-licence", used, request_id=first.request_id)).reason == "REPLAYED_REQUEST"
    assert not leaks.found([used, ended, other], *kept(up))


@pytest.mark.parametrize("fault", ["reset", "status_500"])
async def test_an_answer_that_is_lost_is_unknown_and_the_code_is_not_sent_again(up: Up, fault: str) -> None:
    city, code = up.city(FOSHAN), await code_of(up, "driving-licence")
    since = await city.last()
    await city.break_("f1", fault, 1, operation=OPERATION)
    try:
        told = await refused(up, "driving-licence", code)
    finally:
        await city.mend()
    assert (told.reason, told.blame, told.told.retry_after) == ("PRESENTED_CODE_UNANSWERED", "COUNTERPARTY", None)
    assert leaks.logged(up, told.told.exchange_id)[-1].entry.facts["result"] == "UNKNOWN"
    assert len(await by_code(up, since)) == 1
    assert (await refused(up, "driving-licence", code)).reason == "PRESENTED_CODE_REFUSED"
    assert not leaks.found([code], *kept(up))


async def test_a_region_that_takes_no_code_says_so(up: Up) -> None:
    sample = next(each for each in up.said["samples"] if (each["region"], each["type"]) == ("440100", "driving-licence"))
    async with client(up, sample["client"]) as asking:
        with pytest.raises(QueryRefused) as caught:
            await asking.query(**{**question(sample), "holder": PresentedCode("shown-code-0001")})
        offered = {each.alias: each.presented_code_regions for each in await asking.evidence_types()}
    assert [each.field for each in caught.value.told.violations] == ["presented_code"]
    assert set(offered.values()) == {()}


async def test_the_command_reads_the_code_and_its_receipt_verifies(up: Up) -> None:
    code, number = await code_of(up, "driving-licence"), up.said["samples"].index(samples(up)["driving-licence"])
    file = Path(up.said["config"]).with_name("dev.json")
    options = ("--dev", str(file), "--sample", str(number), "--presented-code-file", "-", "-o", "json")
    told = await kuacheng("query", *options, given=code)
    assert (json.loads(told)["outcome"], code in told) == ("ISSUED", False)
    key = signer(LOG, (Path(up.said["config"]).parent / "secrets" / "log-key").read_bytes()).verifier
    verified, _ = filing.read(told).verify([str(key)])
    assert (verified.question, verified.answer) == (True, True)


async def kuacheng(*arguments: str, given: str = "") -> str:
    """What the command prints, once it has ended well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.cli", *arguments, stdin=pipe, stdout=pipe)
    printed, _ = await process.communicate(given.encode())
    assert process.returncode == 0
    return printed.decode()
