"""Who looked, out of a log: by key and keyed hash, of a period, as the log stood when the reading began."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.clock import entropy
from gateway.ledger.appending import Notary
from gateway.ledger.filed import FiledRecords
from gateway.ledger.filed_purging import purge
from gateway.ledger.records import Opening
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.usages import LogUsages
from gateway.model.exchange import Entry, EntryKind, Fact
from gateway.model.refusal import Refusal
from gateway.model.usage import Period
from tests.gateway.client.notary import LOG, LOG_KEY
from tests.gateway.stages.builders import NOW

ALWAYS = Period()
SECOND = timedelta(seconds=1)


def entry(number: int, kind: EntryKind = EntryKind.REFUSED, key: str = "new", **facts: Fact) -> Entry:
    return Entry(kind, f"exchange-{number}", NOW + number * SECOND, {"holder": "h" * 64, "holder_key": key, **facts})


def opening(path: Path) -> Opening:
    return partial(FiledRecords.open, path)


async def written(path: Path, *entries: Entry) -> LogUsages:
    ledger = SqliteLedger.open(path, log=LOG, signers=(LOG_KEY,), entropy=entropy)
    for each in entries:
        await ledger.append(each)
    await ledger.close()
    return LogUsages(opening(path), most=3)


async def test_a_holder_is_found_under_every_key_that_is_named_in_the_order_of_the_log(tmp_path: Path) -> None:
    entries = [entry(0), entry(1, key="old"), entry(2), entry(3, key="lost"), entry(4, holder="x")]
    usages = await written(tmp_path / "log", *entries)
    both = await usages.about({"new": "h" * 64, "old": "h" * 64}, ALWAYS)
    assert (both.size, [each.index for each in both.looks], both.whole) == (5, [0, 1, 2], True)
    assert [each.entry for each in both.looks] == entries[:3]
    assert [each.index for each in (await usages.about({"old": "h" * 64}, ALWAYS)).looks] == [1]
    assert (await usages.about({"new": "y"}, ALWAYS)).looks == ()
    assert (await usages.about({}, ALWAYS)).looks == ()
    await usages.close()


async def test_more_than_may_be_read_is_said_and_a_shorter_period_mends_it(tmp_path: Path) -> None:
    usages = await written(tmp_path / "log", *(entry(number) for number in range(4)))
    whole = await usages.about({"new": "h" * 64}, ALWAYS)
    assert (whole.whole, whole.looks) == (False, ())
    shorter = await usages.about({"new": "h" * 64}, Period(NOW + SECOND, NOW + 3 * SECOND))
    assert (shorter.whole, [each.index for each in shorter.looks]) == (True, [1, 2])
    await usages.close()


async def test_who_showed_a_code_is_found_by_the_outcome_that_names_them(tmp_path: Path) -> None:
    intent = Entry(EntryKind.INTENT, "exchange-1", NOW, {"provider_region": "440600"})
    outcome = entry(1, EntryKind.OUTCOME, result="ISSUED")
    usages = await written(tmp_path / "log", intent, entry(0), outcome)
    found = await usages.about({"new": "h" * 64}, ALWAYS)
    assert [(each.index, each.entry) for each in found.looks] == [(1, entry(0)), (2, intent)]
    assert found.size == 3
    later = await usages.about({"new": "h" * 64}, Period(NOW + SECOND))
    assert later.looks == (), "it began before the period, and ended in it"
    await usages.close()


async def test_an_outcome_whose_intent_is_purged_already_tells_of_nothing(tmp_path: Path) -> None:
    intent = Entry(EntryKind.INTENT, "exchange-1", NOW, {"provider_region": "440600"})
    usages = await written(tmp_path / "log", intent, entry(1, EntryKind.OUTCOME, result="ISSUED"))
    notary = Notary(LOG, (LOG_KEY,))
    assert sum(purge(tmp_path / "log", notary, [range(1)], lambda: 0.0)) == 1
    assert (await usages.about({"new": "h" * 64}, ALWAYS)).looks == ()
    assert sum(purge(tmp_path / "log", notary, [range(1, 2)], lambda: 0.0)) == 1
    assert (await usages.about({"new": "h" * 64}, ALWAYS)).looks == ()
    await usages.close()


async def test_endings_are_the_outcomes(tmp_path: Path) -> None:
    outcome = Entry(EntryKind.OUTCOME, "exchange-0", NOW, {"result": "ISSUED"})
    usages = await written(tmp_path / "log", entry(0, EntryKind.INTENT), outcome, entry(1, EntryKind.INTENT))
    assert await usages.endings({"exchange-0", "exchange-1", "none"}) == {"exchange-0": outcome}
    await usages.close()


async def test_former_logs_are_read_with_it_and_places_count_on(tmp_path: Path) -> None:
    old, new, paths = entry(0, EntryKind.INTENT), entry(2), (tmp_path / "new", tmp_path / "old")
    outcome = Entry(EntryKind.OUTCOME, "exchange-0", NOW, {"result": "ISSUED"})
    before = await written(paths[1], old, outcome)
    alone = await before.about({"new": "h" * 64}, ALWAYS)
    await before.close()
    await (await written(paths[0], entry(1, holder="x"), new)).close()
    usages = LogUsages(*map(opening, paths), most=2)
    both = await usages.about({"new": "h" * 64}, ALWAYS)
    assert (both.size, [(each.index, each.entry) for each in both.looks]) == (4, [(0, old), (3, new)])
    assert both.looks[0] == alone.looks[0], "a token of before a new log began names the same place"
    assert await usages.endings({"exchange-0", "exchange-2"}) == {"exchange-0": outcome}
    await usages.close()
    tight = LogUsages(*map(opening, paths), most=1)
    assert not (await tight.about({"new": "h" * 64}, ALWAYS)).whole
    await tight.close()


async def test_a_log_that_cannot_be_read_is_a_refusal(tmp_path: Path) -> None:
    usages = LogUsages(opening(tmp_path / "nothing"))
    for reading in (usages.about({"new": "h"}, ALWAYS), usages.endings({"x"})):
        with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
            await reading
    await usages.close()
