"""`ledger list` for people: the newest entries, ids that `ledger show` takes at every width, and the way to the others."""

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from gateway.cli import listing, main
from gateway.clock import entropy
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from tests.gateway.ledger.keyring import signers

SIZE = 60
MOMENT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DEPARTMENT = "11440600M00000027C"


def exchange(number: int) -> str:
    """As a UUIDv7 of one moment: all begin alike."""
    return f"019c4a5b-6c7d-7e8f-9a0b-{number:012x}"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("log") / "ledger.db"

    async def write() -> None:
        ledger = SqliteLedger.open(file, log="log.test/1", signers=signers("log.test/1"), entropy=entropy)
        for number in range(SIZE // 2):
            asked = {"provider_region": "440100", "caller_department": DEPARTMENT}
            await ledger.append(Entry(EntryKind.INTENT, exchange(number), MOMENT, asked, f"caller#{number}"))
            await ledger.append(Entry(EntryKind.OUTCOME, exchange(number), MOMENT, {"result": "CITY_ANSWER_INVALID"}))
        await ledger.close()

    asyncio.run(write())
    return str(file)


def listed(log: str, *options: str) -> tuple[list[int], str]:
    """The indices that the table has, and the line under it."""
    said = CliRunner().invoke(main, ["ledger", "list", "-f", log, *options]).stdout.splitlines()
    return [int(line.split()[0]) for line in said if re.match(r" *\d+ ", line)], said[-1]


def test_people_are_shown_the_newest_and_told_how_many_others_there_are(log: str) -> None:
    assert listed(log) == (list(range(10, 60)), "entries 10 to 59 of 60; 10 earlier: --after -1")
    told = "entries 20 to 39 of 60; 20 earlier: --after -1 --limit 20; 20 later: --after 39 --limit 20"
    assert listed(log, "--after", "19", "--limit", "20") == (list(range(20, 40)), told)
    assert listed(log, "--after", "59") == ([], "no entry after 59; the log has 60")


def test_the_way_that_is_told_leads_through_the_whole_log(log: str) -> None:
    seen, line = listed(log, "--limit", "7")
    pages = [seen]
    while way := re.search(r"earlier: (--after \S+ --limit 7)", line):
        seen, line = listed(log, *way[1].split())
        pages.append(seen)
    assert sorted({each for page in pages for each in page}) == list(range(SIZE))
    assert pages[0][-1] == SIZE - 1


def test_of_one_exchange_it_says_where_more_stand(log: str) -> None:
    assert listed(log, "--exchange", exchange(3), "--limit", "1") == ([6], "later ones of this exchange: --after 6")
    assert listed(log, "--exchange", exchange(3), "--after", "6")[0] == [7]


def test_for_programs_it_begins_with_the_first_as_ever(log: str) -> None:
    said = CliRunner().invoke(main, ["ledger", "list", "-f", log, "-o", "json"])
    assert ([each["index"] for each in json.loads(said.stdout)], said.stderr) == (list(range(listing.LIMIT)), "")


@pytest.mark.parametrize(("columns", "whole"), [("40", False), ("80", False), ("160", True), ("", True)])
def test_every_width_has_ids_that_show_takes(log: str, monkeypatch: pytest.MonkeyPatch, columns: str, *, whole: bool) -> None:
    if columns:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", columns)
    said = CliRunner().invoke(main, ["ledger", "list", "-f", log]).stdout
    ids = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", said)
    assert ids == [exchange(number) for number in range(5, SIZE // 2) for _ in range(2)]
    assert (DEPARTMENT in said, "region" in said) == (whole, whole)
    shown = CliRunner().invoke(main, ["ledger", "show", ids[0], "-f", log, "-o", "json"])
    assert [each["index"] for each in json.loads(shown.stdout)] == [10, 11]


@pytest.mark.parametrize(
    ("first", "last", "size", "limit", "told"),
    [
        (0, 8, 9, 50, "entries 0 to 8 of 9"),
        (950, 999, 1000, 50, "entries 950 to 999 of 1000; 950 earlier: --after 899"),
        (0, 49, 1000, 50, "entries 0 to 49 of 1000; 950 later: --after 49"),
        (5, 9, 8, 50, "entries 5 to 9 of 10; 5 earlier: --after -1"),
    ],
)
def test_the_line_under_a_page(first: int, last: int, size: int, limit: int, told: str) -> None:
    assert listing.others(first, last, size, limit) == told
