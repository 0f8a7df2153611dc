"""Answers that no city should give: noise, true answers with some bytes changed, true answers with one part replaced.

Laws: to read one is a value or a refusal, within `LONGEST` and `LARGEST`, each answer for itself; an answer is a function of one number,
because Hypothesis takes milliseconds for one that it puts together sign by sign, and a hundred thousand are wanted.
"""

import copy
import gc
import json
import resource
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from gateway.model.city import CityAnswer
from gateway.model.refusal import Blame, Refusal

LONGEST: Final = 0.5
"""Seconds of CPU that one answer may cost."""
LARGEST: Final = 16 * 1024
"""KiB by which one answer may raise the most that this process ever had in memory."""

Json = Any
_Made = TypeVar("_Made")

_SEEDS: Final = st.integers(0, 2**64 - 1)
_SIGNS: Final = (
    "09aZ{}[]<>&;:,.'\"\\/-+ ^\t\n\r\x00\x1b\x7f\x85\u00a0\u0301\u200b\u202e\uff11\u4f55\u36c3\ud800\uffff\U0001f600\U00020000"
)
_WORDS: Final = ("", "0", "1", "10", "200", "4004", "1404", "2", "SUCCESS", "长期", "\x00", "9" * 400)
_EDGES: Final = (0, -1, 2**31, 2**53 + 1, -(2**63), 10**40)


def drawn(make: Callable[[Random], _Made]) -> st.SearchStrategy[_Made]:
    """What `make` makes of one number."""
    return _SEEDS.map(lambda seed: make(Random(seed)))  # noqa: S311  answers, not secrets


def noise(lot: Random) -> bytes:
    """Bytes that mean nothing."""
    return lot.randbytes(lot.randrange(201))


def edited(true: bytes) -> st.SearchStrategy[bytes]:
    """The true bytes with one to four stretches replaced."""
    return drawn(lambda lot: _edited(true, lot))


def replaced(true: Json) -> st.SearchStrategy[Json]:
    """The true value with one part of it, at any depth, replaced by junk or taken out."""
    paths = _paths(true)
    return drawn(lambda lot: _replaced(true, lot.choice(paths), lot))


def hostile(true: bytes) -> st.SearchStrategy[bytes]:
    """Bytes for a dialect of JSON."""
    value = json.loads(true)
    paths = _paths(value)

    def make(lot: Random) -> bytes:
        way = lot.randrange(5)
        if way == 0:
            return noise(lot)
        if way < 3:
            return _edited(true, lot)
        return json.dumps(_replaced(value, lot.choice(paths), lot), ensure_ascii=False).encode("utf-8", "surrogatepass")

    return drawn(make)


def answer_or_refusal(read: Callable[[], CityAnswer]) -> CityAnswer | Refusal:
    """What a dialect makes of an answer; anything else than these two fails the test, and so do more time or memory than it may cost."""
    gc.disable()  # what Hypothesis keeps of a hundred thousand answers takes longer to look through than any answer to read
    try:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found, took = _read(read)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most
        if took >= LONGEST:  # some hosts count what they take from us as ours; reading is a function, so it can be told twice
            took = _read(read)[1]
    finally:
        gc.enable()
    assert took < LONGEST
    assert grown < LARGEST
    if isinstance(found, Refusal):
        assert found.blame is Blame.COUNTERPARTY
        assert found.__suppress_context__ or found.__context__ is None
    else:
        assert all(isinstance(record, dict) for record in found.records)
    return found


def _read(read: Callable[[], CityAnswer]) -> tuple[CityAnswer | Refusal, float]:
    """What comes of it, and the seconds of processor."""
    began = time.thread_time()
    try:
        return read(), time.thread_time() - began
    except Refusal as refusal:
        return refusal, time.thread_time() - began


def _edited(true: bytes, lot: Random) -> bytes:
    body = true
    for _ in range(lot.randint(1, 4)):
        start = lot.randrange(len(body) + 1)
        body = body[:start] + lot.randbytes(lot.randrange(7)) + body[start + lot.randrange(21) :]
    return body


def _replaced(true: Json, path: tuple[Any, ...], lot: Random) -> Json:
    if not path:
        return _junk(lot)
    value = copy.deepcopy(true)
    place = value
    for step in path[:-1]:
        place = place[step]
    if lot.random() < 1 / 3:
        del place[path[-1]]
    else:
        place[path[-1]] = _junk(lot)
    return value


def _paths(value: Json, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, part in parts for path in _paths(part, (*here, key)))]


def _junk(lot: Random) -> Json:
    kinds: tuple[Callable[[Random], Json], ...] = (*_PLAIN, _list, _object)
    return lot.choice(kinds)(lot)


def _text(lot: Random) -> str:
    return "".join(lot.choices(_SIGNS, k=lot.randrange(7)))


def _list(lot: Random) -> Json:
    return [lot.choice(_PLAIN)(lot) for _ in range(lot.randrange(4))]


def _object(lot: Random) -> Json:
    return {_text(lot): lot.choice(_PLAIN)(lot) for _ in range(lot.randrange(4))}


_PLAIN: Final[tuple[Callable[[Random], Json], ...]] = (
    lambda lot: lot.choice((None, True, False)),
    lambda lot: lot.randint(-5, 5),
    lambda lot: lot.choice(_EDGES),
    lambda lot: lot.choice((0.0, -0.5, 1e300, 5e-324, 1.0, lot.random())),
    _text,
    lambda lot: lot.choice(_WORDS),
)
