"""The judge, without a file: each way of being wrong has its name and its index."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.encoding import chain_link, chain_start, encode, leaf_hash, moment
from gateway.ledger.schema import unique_key
from gateway.ledger.verdict import End, Flaw, Row, Verdict, judge
from gateway.model.exchange import Entry, EntryKind

LOG = "kuacheng.test/2026a"


def written(entries: Iterable[Entry]) -> list[Row]:
    """The rows that these entries make."""
    link, made = chain_start(LOG), []
    for index, entry in enumerate(entries):
        nonce, body = index.to_bytes(16), encode(entry)
        leaf = leaf_hash(nonce, body)
        link = chain_link(link, leaf)
        key = unique_key(entry.kind, entry.replay_key)
        made.append(Row(index, entry.kind.value, entry.exchange_id, moment(entry.at), key, nonce, body, leaf, link))
    return made


def chained(rows: list[Row], first: int) -> list[Row]:
    """The rows with leaf hashes and chain computed anew from `first` on: what a careful forger does."""
    link = rows[first - 1].chain if first else chain_start(LOG)
    forged = rows[:first]
    for row in rows[first:]:
        leaf = leaf_hash(row.nonce, row.body)
        link = chain_link(link, leaf)
        forged.append(row._replace(leaf_hash=leaf, chain=link))
    return forged


def end_of(rows: list[Row]) -> End:
    return End(len(rows), rows[-1].chain if rows else chain_start(LOG), len(rows))


def judged(rows: list[Row | None], end: End | None = None) -> Verdict:
    def has_outcome(exchange_id: str, index: int) -> bool:
        return any(row and row[1:3] == ("OUTCOME", exchange_id) and row.idx < index for row in rows)

    return judge(LOG, rows, end or end_of(rows), has_outcome)


def found(rows: list[Row | None], end: End | None = None) -> tuple[Flaw | None, int | None]:
    verdict = judged(rows, end)
    return verdict.flaw, verdict.first_bad


@pytest.fixture
def six(book) -> list[Row]:
    return written([book.intent(0), book.intent(1), book.outcome(0), book.refused(2), book.intent(3), book.outcome(3)])


def test_an_untouched_log_is_sound_and_its_open_exchange_is_named(six) -> None:
    assert judged(six) == Verdict(LOG, 6, ("exchange-1",), None)
    assert judged([]) == Verdict(LOG, 0, (), None)


def test_another_log_s_rows_are_not_this_log_s(six) -> None:
    assert judge("another", six, end_of(six), lambda *_: False).flaw is Flaw.CHAIN_BROKEN


def test_a_removed_row_is_a_gap(six) -> None:
    assert found(six[:2] + six[3:], end_of(six)) == (Flaw.GAP, 2)
    assert found([six[0]._replace(idx=-1), *six[1:]], end_of(six)) == (Flaw.GAP, 0)


def test_a_removed_row_with_the_others_renumbered_breaks_the_chain(six) -> None:
    rows = six[:2] + [row._replace(idx=row.idx - 1) for row in six[3:]]
    assert found(rows) == (Flaw.CHAIN_BROKEN, 2)


def test_two_rows_that_changed_places_break_the_chain(six) -> None:
    assert found([six[0], six[2]._replace(idx=1), six[1]._replace(idx=2), *six[3:]]) == (Flaw.CHAIN_BROKEN, 1)


def test_rows_removed_from_the_end_or_added_to_it(six) -> None:
    assert found(six[:4], End(6, six[5].chain, 4)) == (Flaw.END_DIFFERS, 4)
    assert found(six[:4], End(4, six[3].chain, 6)) == (Flaw.END_DIFFERS, 4)
    assert found(six, End(6, six[4].chain, 6)) == (Flaw.END_DIFFERS, 6)


def test_a_changed_body_or_nonce(six, book) -> None:
    other = encode(book.refused(7))
    assert found([*six[:3], six[3]._replace(body=other), *six[4:]]) == (Flaw.BODY_CHANGED, 3)
    assert found([*six[:3], six[3]._replace(nonce=bytes(16)), *six[4:]]) == (Flaw.BODY_CHANGED, 3)
    assert found([*six[:3], six[3]._replace(body=other.decode()), *six[4:]]) == (Flaw.BODY_CHANGED, 3)
    leaf = leaf_hash(six[3].nonce, other)
    assert found([*six[:3], six[3]._replace(body=other, leaf_hash=leaf), *six[4:]]) == (Flaw.CHAIN_BROKEN, 3)


def test_bytes_moved_from_body_to_nonce_are_found(six) -> None:
    row = six[3]
    moved = row._replace(nonce=row.nonce + row.body[:1], body=row.body[1:])
    assert found([*six[:3], moved, *six[4:]]) == (Flaw.BODY_CHANGED, 3)


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"at":"no"}'])
def test_a_malformed_body_under_right_hashes(six, body: bytes) -> None:
    rows = chained([*six[:3], six[3]._replace(body=body), *six[4:]], 3)
    assert found(rows) == (Flaw.MALFORMED_BODY, 3)


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
    assert found([*six[:2], None], end_of(six)) == (Flaw.UNREADABLE, 2)


def test_names_with_escapes_are_compared_by_what_they_say(book) -> None:
    strange = Entry(EntryKind.INTENT, 'ex"1"\\\n', book.intent(0).at, {}, "\t\x00")
    assert judged(written([strange])) == Verdict(LOG, 1, ('ex"1"\\\n',), None)


@given(st.data())
def test_a_flipped_byte_is_found_where_it_is(data: st.DataObject) -> None:
    at = datetime(2026, 5, 9, 7, 35, 25, tzinfo=UTC)
    rows = written(Entry(EntryKind.REFUSED, f"exchange-{n}", at, {"reason": "NO_AGREEMENT"}) for n in range(4))
    index = data.draw(st.integers(0, 3))
    column = data.draw(st.sampled_from(["nonce", "body", "leaf_hash", "chain"]))
    value = bytearray(getattr(rows[index], column))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    changed = [*rows[:index], rows[index]._replace(**{column: bytes(value)}), *rows[index + 1 :]]
    flaw, first_bad = found(changed, end_of(rows))
    assert first_bad == index
    assert flaw is (Flaw.CHAIN_BROKEN if column == "chain" else Flaw.BODY_CHANGED)
