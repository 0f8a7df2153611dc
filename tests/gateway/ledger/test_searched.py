"""Columns told from bodies: quicker the second time, never different from what the entry says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.encoding import MOST_BYTES, MalformedEntry, encode, moment, parse
from gateway.ledger.records import holder_column, unique_key
from gateway.ledger.searched import Searched, Searching
from gateway.model.exchange import HOLDER, HOLDER_KEY, Entry, EntryKind

AT = datetime(2026, 5, 9, 7, 35, 25, 120000, UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_.]{0,6}", fullmatch=True) | st.sampled_from([HOLDER, HOLDER_KEY, "holder_a"])
numbers = st.integers(-(10**15) + 1, 10**15 - 1)
facts = st.dictionaries(names, texts | numbers | st.lists(texts, max_size=3).map(tuple), max_size=5)
entries = st.builds(Entry, st.sampled_from(EntryKind), texts, st.just(AT), facts, texts)


def said(entry: Entry) -> Searched:
    """By what is written into the columns."""
    replay_key = unique_key(entry.kind, entry.replay_key)
    return entry.kind.value, entry.exchange_id, moment(entry.at), replay_key, holder_column(entry.facts)


@given(st.lists(entries, max_size=6))
def test_what_is_told_is_what_was_written(many: list[Entry]) -> None:
    searching = Searching()
    for entry in [*many, *many]:
        assert searching(encode(entry)) == said(entry)


def test_a_form_says_nothing_of_values_of_another_sort() -> None:
    """A fact that is a text in one entry may be a number in the next, and none may be a holder any more."""
    searching = Searching()
    for holder in ("h", 7, ("h", "i"), (), 'an "h"', "h\\", "", 0):
        for key in ("2026", 2026):
            entry = Entry(EntryKind.INTENT, "x", AT, {HOLDER: holder, HOLDER_KEY: key}, "r")
            assert searching(encode(entry)) == searching(encode(entry)) == said(entry)


@given(st.lists(entries, min_size=1, max_size=3), st.data())
def test_what_is_no_canonical_body_is_refused_also_where_its_form_is_known(many: list[Entry], data: st.DataObject) -> None:
    searching = Searching()
    for body in map(encode, many):
        searching(body)
    body = bytearray(encode(many[0]))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        parse(bytes(body))
    except MalformedEntry:
        with pytest.raises(MalformedEntry):
            searching(bytes(body))
    else:
        assert searching(bytes(body)) == Searching()(bytes(body))


@pytest.mark.parametrize("between", ["\0", "\x1f", "\n", '"', "\\", "\\u0041", "\udc80"])
def test_no_byte_that_a_text_spells_otherwise_stands_in_it(between: str) -> None:
    searching = Searching()
    body = encode(Entry(EntryKind.INTENT, "x", AT, {"detail": "abc"}, "r"))
    assert searching(body)
    with pytest.raises(MalformedEntry):
        searching(body.replace(b"abc", f"a{between}c".encode(errors="surrogatepass")))


def test_no_body_is_longer_than_a_body_may_be() -> None:
    searching = Searching()
    long = encode(Entry(EntryKind.ACT, "x", AT, {"detail": "a" * (MOST_BYTES - 200)}))
    assert searching(long)
    with pytest.raises(MalformedEntry):
        searching(long.replace(b"aa", b"a" * 300, 1))
