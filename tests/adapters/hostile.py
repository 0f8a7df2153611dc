"""Answers that no city should give: noise, true answers with some bytes changed, true answers with one part replaced."""

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from gateway.model.city import CityAnswer
from gateway.model.refusal import Blame, Refusal

Json = Any
JUNK: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["", "0", "1", "10", "200", "4004", "1404", "2", "SUCCESS", "长期", "\x00", "9" * 400]),
    st.builds(list),
    st.builds(dict),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=3),
)
_EDIT = st.tuples(st.integers(0, 5000), st.integers(0, 20), st.binary(max_size=6))


def edited(true: bytes) -> st.SearchStrategy[bytes]:
    """The true bytes with one to four stretches replaced."""

    def edit(edits: list[tuple[int, int, bytes]]) -> bytes:
        body = true
        for place, length, new in edits:
            start = place % (len(body) + 1)
            body = body[:start] + new + body[start + length :]
        return body

    return st.lists(_EDIT, min_size=1, max_size=4).map(edit)


def replaced(true: Json) -> st.SearchStrategy[Json]:
    """The true value with one part of it, at any depth, replaced by junk or taken out."""
    paths = _paths(true)

    def replace(path: tuple[Any, ...], junk: Json, *, gone: bool) -> Json:
        value = copy.deepcopy(true)
        if not path:
            return junk
        place = value
        for step in path[:-1]:
            place = place[step]
        if gone:
            del place[path[-1]]
        else:
            place[path[-1]] = junk
        return value

    return st.builds(replace, st.sampled_from(paths), JUNK, gone=st.booleans())


def _paths(value: Json, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, part in parts for path in _paths(part, (*here, key)))]


def hostile(true: bytes) -> st.SearchStrategy[bytes]:
    """Bytes for a dialect of JSON."""
    parts = replaced(json.loads(true)).map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return st.binary(max_size=200) | edited(true) | parts


def answer_or_refusal(read: Callable[[], CityAnswer]) -> CityAnswer | Refusal:
    """What a dialect makes of an answer; anything else than these two fails the test."""
    found: CityAnswer | Refusal
    try:
        found = read()
    except Refusal as refusal:
        found = refusal
    if isinstance(found, Refusal):
        assert found.blame is Blame.COUNTERPARTY
        assert found.__suppress_context__ or found.__context__ is None
    else:
        assert all(isinstance(record, dict) for record in found.records)
    return found
