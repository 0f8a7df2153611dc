"""A log in files: what it holds, and who gives two answers to one question."""

from collections.abc import Callable, Sequence

import pytest

from gateway.ledger.examining import Flaw
from gateway.ledger.fetching import Folder, Wanted
from gateway.ledger.layout import bundle
from gateway.ledger.note import Verifier
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.tiled import TiledRecords
from gateway.ledger.verdict import Verdict
from gateway.ledger.verifying import wary
from gateway.model.exchange import EntryKind
from tests.gateway.ledger.golden.__main__ import GONE, HERE, KEY, PURGED, SMALL, Golden

Answer = Callable[[str, int], bytes | None]


class Liar:
    """gateway.ledger.fetching.Fetch: asks `answer` with the path, and how often it was asked for before."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._asked: dict[str, int] = {}

    def __call__(self, wanted: Sequence[Wanted]) -> list[bytes | None]:
        found = []
        for path, _ in wanted:
            found.append(self._answer(path, self._asked.get(path, 0)))
            self._asked[path] = self._asked.get(path, 0) + 1
        return found

    def close(self) -> None:
        pass


def judged(answer: Answer, verifiers: Sequence[Verifier] = (KEY.verifier,)) -> Verdict:
    return wary(TiledRecords(Liar(answer)), verifiers)


def growing(first: Golden, later: Golden) -> Answer:
    """An honest server of a log that grows between the first reading of the checkpoint and the second."""
    before, after = first.files(), later.files()
    return lambda path, times: after[path] if path == "checkpoint" and times else before.get(path, after.get(path))


def test_a_log_that_grows_meanwhile_is_sound() -> None:
    assert judged(growing(Golden.of(SMALL[:4]), Golden.of(SMALL))).entries == 4


def test_a_purge_that_begins_while_the_log_is_read_is_no_finding() -> None:
    after = GONE.files()
    files = Golden.of(SMALL).files() | {"tile/entries/000.p/7": bundle(GONE.leaves[:7])}

    def answer(path: str, times: int) -> bytes | None:
        return after[path] if path == "checkpoint" and times else files.get(path, after.get(path))

    records = TiledRecords(Liar(answer))
    verdict = wary(records, [KEY.verifier])
    assert (verdict.flaw, verdict.entries, verdict.purged, records.checkpoint) == (None, 8, 6, GONE.note)


def test_a_body_that_is_gone_is_one_where_the_log_has_not_grown_or_is_another_later() -> None:
    files = Golden.of(SMALL).files() | {"tile/entries/000.p/7": bundle(GONE.leaves[:7])}
    assert judged(lambda path, _: files.get(path)).flaw is Flaw.PURGED_UNRECORDED
    other = Golden.of([*SMALL[1:], *SMALL]).files()
    verdict = judged(lambda path, times: other[path] if path == "checkpoint" and times else files.get(path, other.get(path)))
    assert verdict.flaw is Flaw.ANSWERS_DIFFER


def test_a_partial_tile_that_has_become_full_meanwhile_is_read_from_the_full_one() -> None:
    files = PURGED.files()
    cut = Golden(PURGED.leaves[:200], PURGED.hashes[:200], "")
    bundle = cut.files()["tile/entries/000.p/200"]
    served = files | {"tile/entries/000.p/200": bundle, "checkpoint": Golden.of([]).note.encode()}
    records = TiledRecords(Liar(lambda path, _: served.get(path)))
    records._size = 200
    assert records.tile(0, 0) == b"".join(PURGED.hashes[:200])
    assert [row.leaf_hash for row in records.page(0, 200, 200)] == PURGED.hashes[:200]


@pytest.mark.parametrize("later", [Golden.of(SMALL[:4]), Golden.of([*SMALL[:6], SMALL[0]]), Golden.of([*SMALL[1:], *SMALL])])
def test_a_later_checkpoint_that_takes_the_first_one_back_is_found(later: Golden) -> None:
    assert judged(growing(Golden.of(SMALL), later)).flaw is Flaw.ANSWERS_DIFFER


def test_a_tile_that_is_another_at_its_second_reading_is_found() -> None:
    files = PURGED.files()
    lie = bytes(32) + files["tile/0/000"][32:]
    verdict = judged(lambda path, times: lie if path == "tile/0/000" and times else files.get(path))
    assert (verdict.flaw, verdict.entries, verdict.first_bad) == (Flaw.ANSWERS_DIFFER, 0, None)


def test_a_server_that_claims_more_than_it_holds_ends_where_it_holds_nothing() -> None:
    text = Golden.of(SMALL).note.replace("\n7\n", "\n9000000000000000000\n", 1).encode()
    verdict = judged(lambda path, _: text if path == "checkpoint" else None)
    assert (verdict.flaw, verdict.first_bad) == (Flaw.END_DIFFERS, 0)


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"no note"])
def test_without_a_checkpoint_there_is_no_log(content: bytes | None) -> None:
    with pytest.raises(LogUnusable, match="checkpoint"):
        judged(lambda *_: content)


def test_entries_are_found_by_exchange_and_kind_and_purged_ones_are_not() -> None:
    with Log(TiledRecords(Folder(HERE / "sound"))) as log:
        assert [each.index for each in log.entries(exchange_id="a")] == [0, 2]
        assert [each.index for each in log.entries(kind=EntryKind.REFUSED, limit=1)] == [3]
        assert [each.index for each in log.entries(2, 2)] == [3, 4]
        assert log.entries(holder="k:h") == ()
    with Log(TiledRecords(Folder(HERE / "sound-purged"))) as log:
        assert [each.index for each in log.entries(limit=3)] == [250, 251, 252]


def test_hashes_alone_give_the_tree() -> None:
    verdict = wary(TiledRecords(Folder(HERE / "body-changed"), entries=False), [KEY.verifier])
    assert (verdict.sound, verdict.entries, verdict.purged) == (True, 7, 7)


def test_a_replay_key_is_found_in_files_too() -> None:
    records = TiledRecords(Folder(HERE / "sound"))
    assert [records.has_replay_key(f"spiffe://foshan.test/window#{each}") for each in "abcz"] == [True, True, False, False]
