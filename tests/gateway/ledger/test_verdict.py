"""The judge, without a file: each way of being wrong has its name and its index."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.encoding import encode, moment
from gateway.ledger.examining import Flaw, examine
from gateway.ledger.note import Verifier, signed
from gateway.ledger.records import Head, Row, holder_column, unique_key
from gateway.ledger.searched import Searching
from gateway.ledger.tree import Frontier, grow, leaf_hash
from gateway.ledger.verdict import File, Verdict, compared
from gateway.ledger.verdict import judge as judge_pages
from gateway.model.exchange import Entry, EntryKind
from tests.gateway.ledger.keyring import signers

LOG = "kuacheng.test/2026a"
KEY = signers(LOG)[0]


def written(entries: Iterable[Entry]) -> list[Row]:
    """The rows that these entries make."""
    made = []
    for index, entry in enumerate(entries):
        nonce, body = index.to_bytes(16), encode(entry)
        key, holder, hash_ = unique_key(entry.kind, entry.replay_key), holder_column(entry.facts), leaf_hash(nonce + body)
        made.append(Row(index, entry.kind.value, entry.exchange_id, moment(entry.at), key, holder, hash_, nonce, body))
    return made


def rehashed(rows: list[Row], index: int, body: bytes) -> list[Row]:
    """The rows with another body and its leaf hash: what a forger does."""
    row = rows[index]
    return [*rows[:index], row._replace(body=body, leaf_hash=leaf_hash(row.nonce + body)), *rows[index + 1 :]]


def file_of(rows: list[Row]) -> File:
    """What the file says that was written with these rows."""
    frontier, made = grow(Frontier(), [row.leaf_hash for row in rows])
    text = str(Checkpoint(LOG, frontier.size, frontier.root))
    head = Head(frontier.size, frontier.hashes, signed(text, [KEY.line(text)]))

    def has_outcome(exchange_id: str, index: int) -> bool:
        return any(row[1:3] == ("OUTCOME", exchange_id) and row.idx < index for row in rows)

    return File(LOG, head, len(rows), lambda level, place: made.get((level * 8, place)), has_outcome)


def judge(file: File, rows: Iterable[Row | None], verifiers: Iterable[Verifier] = ()) -> Verdict:
    """The verdict on rows, whatever the pages in which they come."""
    given, searched = list(rows), Searching()
    whole, small = ([examine(given[at : at + size], at, searched) for at in range(0, len(given), size)] for size in (10**6, 3))
    verdict = judge_pages(file, whole, list(verifiers))
    assert judge_pages(file, small, list(verifiers)).flaw == verdict.flaw
    return verdict


def judged(rows: list[Row | None], file: File | None = None) -> Verdict:
    return judge(file or file_of(rows), rows, [KEY.verifier])


def found(rows: list[Row | None], file: File | None = None) -> tuple[Flaw | None, int | None]:
    verdict = judged(rows, file)
    return verdict.flaw, verdict.first_bad


@pytest.fixture
def six(book) -> list[Row]:
    return written([book.intent(0), book.intent(1), book.outcome(0), book.refused(2), book.intent(3), book.outcome(3)])


def test_an_untouched_log_is_sound_and_its_open_exchange_is_named(six) -> None:
    assert judged(six) == Verdict(LOG, 6, ("exchange-1",), signed_by=(str(KEY.verifier),))
    assert judged([]) == Verdict(LOG, 0, (), signed_by=(str(KEY.verifier),))


def test_another_log_s_rows_are_not_this_log_s(six) -> None:
    assert found(six, replace(file_of(six), log="another")) == (Flaw.CHECKPOINT_DIFFERS, None)


def test_a_removed_row_is_a_gap(six) -> None:
    assert found(six[:2] + six[3:], file_of(six)) == (Flaw.GAP, 2)
    assert found([six[0]._replace(idx=-1), *six[1:]], file_of(six)) == (Flaw.GAP, 0)


def test_a_removed_row_with_the_others_renumbered_does_not_give_the_tree(six) -> None:
    rows = six[:3] + [row._replace(idx=row.idx - 1) for row in six[4:]]
    assert found(rows, replace(file_of(six), present=5)) == (Flaw.TREE_DIFFERS, 0)


def test_two_rows_that_changed_places_do_not_give_the_tree(six) -> None:
    swapped = [*six[:4], six[5]._replace(idx=4), six[4]._replace(idx=5)]
    assert found([six[1]._replace(idx=0), six[0]._replace(idx=1), *six[2:]], file_of(six)) == (Flaw.TREE_DIFFERS, 0)
    assert found(swapped, file_of(six)) == (Flaw.OUTCOME_WITHOUT_INTENT, 4)


def test_rows_removed_from_the_end_or_added_to_it(six) -> None:
    assert found(six[:4], replace(file_of(six), present=4)) == (Flaw.END_DIFFERS, 4)
    assert found(six[:4], replace(file_of(six[:4]), present=6)) == (Flaw.END_DIFFERS, 4)
    longer = replace(file_of(six[:4]), head=replace(file_of(six).head, checkpoint=file_of(six[:4]).head.checkpoint), present=6)
    assert found(six, longer) == (Flaw.END_DIFFERS, 4)
    shorter = replace(file_of(six[:4]), head=replace(file_of(six[:4]).head, checkpoint=file_of(six).head.checkpoint))
    assert judged(six[:4], shorter) == Verdict(LOG, 4, ("exchange-1",), Flaw.END_DIFFERS, 5)


def test_a_changed_body_or_nonce(six, book) -> None:
    other = encode(book.refused(7))
    assert found([*six[:3], six[3]._replace(body=other), *six[4:]]) == (Flaw.BODY_CHANGED, 3)
    assert found([*six[:3], six[3]._replace(nonce=bytes(16)), *six[4:]]) == (Flaw.BODY_CHANGED, 3)
    assert found([*six[:3], six[3]._replace(body=other.decode()), *six[4:]]) == (Flaw.BODY_CHANGED, 3)


def test_a_body_changed_with_its_hash_and_columns_does_not_give_the_tree(six, book) -> None:
    other = encode(book.refused(2)).replace(b"NO_AGREEMENT", b"CITY_TIMEOUT")
    assert judged(rehashed(six, 3, other), file_of(six)) == Verdict(LOG, 0, ("exchange-1",), Flaw.TREE_DIFFERS, 3)


def test_the_checkpoint_is_signed_by_every_key_that_was_named(six) -> None:
    other = signers(LOG, 66)[0].verifier
    assert judge(file_of(six), six, [KEY.verifier, other]).flaw is Flaw.NOT_SIGNED
    assert judge(file_of(six), six, [KEY.verifier, KEY.verifier]).signed_by == (str(KEY.verifier),)
    assert judge(file_of(six), six).signed_by == ()
    head = file_of(six).head
    forged = replace(head, checkpoint=head.checkpoint[:-10] + "AAAAAAA==\n")
    assert found(six, replace(file_of(six), head=forged)) == (Flaw.NOT_SIGNED, None)


def test_of_the_keys_of_which_one_must_have_signed_one_has(six) -> None:
    one, other, third = KEY.verifier, signers(LOG, 66)[0].verifier, signers(LOG, 67)[0].verifier

    def signed_by(all_of: list[Verifier], one_of: list[Verifier]) -> tuple[Flaw | None, tuple[str, ...]]:
        verdict = judge_pages(file_of(six), [examine(six, 0, Searching())], all_of, one_of)
        return verdict.flaw, verdict.signed_by

    assert signed_by([], [one, other]) == signed_by([one], [one]) == signed_by([one], []) == (None, (str(one),))
    assert signed_by([], [other, third]) == signed_by([one], [other]) == signed_by([other], [one]) == (Flaw.NOT_SIGNED, ())


def test_a_kept_checkpoint_is_compared_with_a_sound_log_only(six) -> None:
    root = {4: b"4" * 32, 6: b"6" * 32}.__getitem__
    sound, unsound = judged(six), judged(six[:2] + six[3:], file_of(six))
    assert compared(sound, Checkpoint(LOG, 4, b"4" * 32), root) == sound
    assert compared(sound, Checkpoint(LOG, 4, b"x" * 32), root).flaw is Flaw.FORKED
    assert compared(sound, Checkpoint("another", 4, b"4" * 32), root).flaw is Flaw.FORKED
    back = compared(sound, Checkpoint(LOG, 9, b"9" * 32), root)
    assert (back.flaw, back.first_bad, back.through) == (Flaw.ROLLED_BACK, 6, 8)
    assert compared(unsound, Checkpoint(LOG, 9, b"9" * 32), root) is unsound


def test_bytes_moved_from_body_to_nonce_are_found(six) -> None:
    row = six[3]
    moved = row._replace(nonce=row.nonce + row.body[:1], body=row.body[1:])
    assert found([*six[:3], moved, *six[4:]]) == (Flaw.BODY_CHANGED, 3)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"at":"no"}'])
def test_a_malformed_body_under_right_hashes(six, body: bytes) -> None:
    assert found(rehashed(six, 3, body)) == (Flaw.MALFORMED_BODY, 3)


@pytest.mark.parametrize("column", ["kind", "exchange_id", "at", "replay_key"])
@pytest.mark.parametrize("value", ["OUTCOME", None, b"x", 7])
def test_a_column_that_says_other_than_the_body(six, column: str, value: object) -> None:
    assert found([*six[:4], six[4]._replace(**{column: value}), six[5]]) == (Flaw.COLUMNS_DIFFER, 4)


def test_a_replay_key_is_in_the_column_of_an_intent_only(six, book) -> None:
    refused = Entry(EntryKind.REFUSED, "exchange-2", book.intent(2).at, {}, "key")
    rows = written([refused])
    assert found(rows) == (None, None)
    assert found([rows[0]._replace(replay_key="key")]) == (Flaw.COLUMNS_DIFFER, 0)


def test_entries_that_cannot_follow_each_other(book) -> None:
    assert found(written([book.refused(1), book.outcome(0)])) == (Flaw.OUTCOME_WITHOUT_INTENT, 1)
    assert found(written([book.intent(0), book.outcome(0), book.outcome(0)])) == (Flaw.SECOND_OUTCOME, 2)
    assert found(written([book.intent(0), book.intent(0, replay_key="other")])) == (Flaw.SECOND_INTENT, 1)


def test_a_row_that_cannot_be_read(six) -> None:
    assert found([*six[:2], None], file_of(six)) == (Flaw.UNREADABLE, 2)


def test_names_with_escapes_are_compared_by_what_they_say(book) -> None:
    strange = Entry(EntryKind.INTENT, 'ex"1"\\\n', book.intent(0).at, {}, "\t\x00")
    assert judged(written([strange])).open_exchanges == ('ex"1"\\\n',)


@given(st.data())
def test_a_flipped_byte_is_found_where_it_is(data: st.DataObject) -> None:
    at = datetime(2026, 5, 9, 7, 35, 25, tzinfo=UTC)
    rows = written(Entry(EntryKind.REFUSED, f"exchange-{n}", at, {"reason": "NO_AGREEMENT"}) for n in range(4))
    index = data.draw(st.integers(0, 3))
    column = data.draw(st.sampled_from(["nonce", "body", "leaf_hash"]))
    value = bytearray(getattr(rows[index], column))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    changed = [*rows[:index], rows[index]._replace(**{column: bytes(value)}), *rows[index + 1 :]]
    assert found(changed, file_of(rows)) == (Flaw.BODY_CHANGED, index)


def test_a_tile_that_differs_is_named_with_its_entries(book) -> None:
    rows = written(book.refused(n) for n in range(600))
    file = file_of(rows)
    assert judged(rows, file).sound

    def lying(level: int, place: int) -> bytes | None:
        return b"x" * 32 if (level, place) == (1, 1) else file.stored(level, place)

    assert judged(rows, replace(file, stored=lying)) == Verdict(LOG, 256, (), Flaw.TREE_DIFFERS, 511)
    assert found(rows, replace(file, stored=lambda *_: None)) == (Flaw.TREE_DIFFERS, 0)
