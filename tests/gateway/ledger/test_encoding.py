"""The canonical form: one body an entry, one entry a body."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.encoding import MOST_BYTES, NONCE_SIZE, MalformedEntry, decode, encode, moment, moment_of, named, parse
from gateway.ledger.tree import leaf_hash
from gateway.model.exchange import Entry, EntryKind

AT = datetime(2026, 5, 9, 7, 35, 25, 120000, UTC)
CHINA = timezone(timedelta(hours=8))

# The vectors of docs/ledger.md.
INTENT = Entry(
    EntryKind.INTENT, "018f-1", AT, {"holder_type": "PERSON", "fields": ("name", "月数"), "attempts": 1}, "spiffe://gz#7"
)
INTENT_BODY = (
    '{"at":"2026-05-09T07:35:25.120000Z","exchange_id":"018f-1",'
    '"facts":{"attempts":1,"fields":["name","月数"],"holder_type":"PERSON"},'
    '"kind":"INTENT","replay_key":"spiffe://gz#7","v":1}'
).encode()
ESCAPES = Entry(EntryKind.REFUSED, "018f-2", AT, {"detail": '"\\\b\t\n\f\r\x00\x1f\x7f/€😀', "empty": (), "least": -(10**15) + 1})
ESCAPES_BODY = (
    '{"at":"2026-05-09T07:35:25.120000Z","exchange_id":"018f-2",'
    '"facts":{"detail":"\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\x7f/€😀","empty":[],"least":-999999999999999},'
    '"kind":"REFUSED","replay_key":"","v":1}'
).encode()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_.]{0,6}", fullmatch=True)
numbers = st.integers(-(10**15) + 1, 10**15 - 1)
facts = st.dictionaries(names, texts | numbers | st.lists(texts, max_size=3).map(tuple), max_size=5)
moments = st.datetimes(datetime(1900, 1, 2), datetime(9998, 1, 1), timezones=st.sampled_from([UTC, CHINA]))  # noqa: DTZ001 - zoned by the strategy
entries = st.builds(Entry, st.sampled_from(EntryKind), texts, moments, facts, texts)


@given(st.dictionaries(names | st.just("holder"), texts | numbers | st.lists(texts, max_size=3).map(tuple), max_size=5))
def test_a_fact_is_found_by_its_name_if_it_is_a_text(facts: dict[str, object]) -> None:
    found = parse(encode(replace(INTENT, facts=facts))).facts
    for name in {*facts, "holder", "a"}:
        fact = facts.get(name)
        assert named(found, name) == (fact if isinstance(fact, str) else None)


def test_a_text_that_looks_like_a_fact_is_none() -> None:
    facts = {"detail": ',"holder":"x"', "fields": ("holder", ":"), "last": '"holder":'}
    assert named(parse(encode(replace(INTENT, facts=facts))).facts, "holder") is None


@pytest.mark.parametrize(("entry", "body"), [(INTENT, INTENT_BODY), (ESCAPES, ESCAPES_BODY)], ids=["intent", "escapes"])
def test_vectors(entry: Entry, body: bytes) -> None:
    assert encode(entry) == body
    assert decode(body) == entry


@given(entries)
def test_decoding_undoes_encoding(entry: Entry) -> None:
    assert decode(encode(entry)) == entry


@given(facts, facts)
def test_different_facts_have_different_bodies(one: dict[str, object], other: dict[str, object]) -> None:
    same = encode(Entry(EntryKind.INTENT, "x", AT, one)) == encode(Entry(EntryKind.INTENT, "x", AT, other))
    assert same == (one == other)


@given(entries, st.randoms())
def test_the_order_in_which_facts_were_put_does_not_show(entry: Entry, chance: object) -> None:
    shuffled = list(entry.facts.items())
    chance.shuffle(shuffled)
    again = Entry(entry.kind, entry.exchange_id, entry.at.astimezone(CHINA), dict(shuffled), entry.replay_key)
    assert encode(again) == encode(entry)


@given(entries)
def test_any_json_reader_reads_it(entry: Entry) -> None:
    read = json.loads(encode(entry))
    assert list(read) == ["at", "exchange_id", "facts", "kind", "replay_key", "v"]
    assert read["facts"] == {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in entry.facts.items()}


@given(entries, st.data())
def test_a_changed_byte_is_another_entry_or_none(entry: Entry, data: st.DataObject) -> None:
    body = bytearray(encode(entry))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = decode(bytes(body))
    except MalformedEntry:
        return
    assert other != entry
    assert encode(other) == body


@given(entries)
def test_the_moment_of_a_body_is_spelt_as_moments_are(entry: Entry) -> None:
    for at in (entry.at, entry.at.replace(microsecond=0), entry.at.replace(microsecond=1)):
        assert moment_of(encode(replace(entry, at=at))) == moment(at)


@given(st.binary(max_size=200))
def test_no_other_bytes_are_read(body: bytes) -> None:
    with pytest.raises(MalformedEntry):
        decode(body)


class Shade(StrEnum):
    RED = "red"


def test_a_named_text_is_its_text() -> None:
    assert decode(encode(Entry(EntryKind.INTENT, "x", AT, {"shade": Shade.RED}))).facts == {"shade": "red"}


@pytest.mark.parametrize(
    "fact", [1.5, True, None, 10**15, -(10**15), ["a"], ("a", 1), {"a": "b"}, b"a", "\ud800", ("a", "\udfff")], ids=ascii
)
def test_a_fact_without_canonical_form_is_refused(fact: object) -> None:
    with pytest.raises(MalformedEntry):
        encode(Entry(EntryKind.INTENT, "x", AT, {"fact": fact}))


@pytest.mark.parametrize("name", ["", "Name", "1a", "a-b", "a b", "名", 'a"', "a\n"])
def test_a_name_that_is_not_snake_case_is_refused(name: str) -> None:
    with pytest.raises(MalformedEntry):
        encode(Entry(EntryKind.INTENT, "x", AT, {name: "a"}))


@pytest.mark.parametrize("at", [datetime(2026, 5, 9), datetime.min.replace(tzinfo=CHINA)])  # noqa: DTZ001 - that is the point
def test_a_moment_without_offset_or_outside_the_calendar_is_refused(at: datetime) -> None:
    with pytest.raises(MalformedEntry):
        encode(Entry(EntryKind.INTENT, "x", at, {}))


def test_no_refusal_shows_a_value() -> None:
    secret = "11010118991231002X"
    for fact in (secret + "\ud800", float(12345), [secret], (secret, 1)):
        with pytest.raises(MalformedEntry) as caught:
            encode(Entry(EntryKind.INTENT, "x", AT, {"fact": fact}))
        assert secret not in str(caught.value)
        assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"at"', ' {"at"'),
        ('"v":1}', '"v":1}\n'),
        ('"v":1}', '"v": 1}'),
        ('"v":1', '"v":2'),
        ('"v":1', '"v":1.0'),
        (',"v":1', ""),
        ('"v":1', '"v":1,"w":1'),
        ('"kind":"INTENT"', '"kind":"WISH"'),
        ('"attempts":1', '"attempts":01'),
        ('"attempts":1', '"attempts":-0'),
        ('"attempts":1', '"attempts":1e3'),
        ('"attempts":1', '"attempts":1000000000000000'),
        ('"attempts":1', '"attempts":true'),
        ('"attempts":1', '"attempts":null'),
        ('"attempts":1', '"attempts":{}'),
        ('"attempts":1', '"attempts":[1]'),
        ('"attempts":1', '"attempts":1,"attempts":1'),
        ('"attempts":1', '"zeal":1'),
        ('"attempts":1', '"Attempts":1'),
        ('"PERSON"', '"\\u0050ERSON"'),
        ('"PERSON"', '"\\/"'),
        ('"PERSON"', '"\\u000a"'),
        ('"PERSON"', '"\\u001F"'),
        ('"PERSON"', '"\n"'),
        ("05-09T07", "02-30T07"),
        ("05-09T07", "05-09T24"),
        ("120000Z", "120000+00:00"),
        ("120000Z", "12Z"),
        ("2026-", "0000-"),
    ],
)
def test_any_other_spelling_is_refused(old: str, new: str) -> None:
    assert old in INTENT_BODY.decode()
    spelt = INTENT_BODY.decode().replace(old, new)
    with pytest.raises(MalformedEntry):
        decode(spelt.encode())


def test_the_leaf_hash_is_that_of_the_page() -> None:
    assert leaf_hash(bytes(range(16)) + INTENT_BODY).hex() == "7a566bd9e47332f60f60617361f665fa7de432f05e7f78dd4c8bcdf3fd1b9c0e"


def test_a_body_has_no_more_bytes_than_fit_into_a_bundle(book) -> None:
    entry = book.refused(1)
    assert MOST_BYTES + NONCE_SIZE == 2**16 - 1
    room = MOST_BYTES - len(encode(replace(entry, facts={"detail": ""})))
    largest = encode(replace(entry, facts={"detail": "x" * room}))
    assert (len(largest), decode(largest).facts["detail"]) == (MOST_BYTES, "x" * room)
    with pytest.raises(MalformedEntry, match="more than 65519 bytes"):
        encode(replace(entry, facts={"detail": "x" * (room + 1)}))
    with pytest.raises(MalformedEntry, match="more than 65519 bytes"):
        decode(largest.replace(b"xx", b"xxx", 1))
