"""Whoever has every chunk has the announced file, however it came; and of any other, nobody has the last one."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.city import CityFile
from gateway.model.refusal import Reason, Refusal
from gateway.stages.withhold import CHUNK, Withheld

FILES = st.builds(lambda seed, size: (seed * (size // len(seed) + 1))[:size], st.binary(min_size=1), st.integers(1, 3 * CHUNK))
CUTS = st.lists(st.integers(0, 3 * CHUNK), max_size=6)


def announced(content: bytes) -> CityFile:
    return CityFile("OFD", "r", sha256(content).hexdigest(), len(content))


def leave(content: bytes, cuts: list[int], withheld: Withheld, left: list[bytes]) -> None:
    """Everything that a caller would be given, also where it ends in a refusal."""
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    pieces = [content[first:last] for first, last in pairwise(places)]
    for piece in pieces:
        left.extend(withheld.pass_on(piece))
    left.append(withheld.last())


@given(FILES, CUTS)
def test_the_file_leaves_whole_and_its_last_chunk_last(content: bytes, cuts: list[int]) -> None:
    left: list[bytes] = []
    leave(content, cuts, Withheld(announced(content)), left)
    *before, last = left
    assert b"".join(left) == content
    assert 0 < len(last) <= CHUNK
    assert {len(each) for each in before} <= {CHUNK}


@given(FILES, CUTS, st.integers(0, 3 * CHUNK))
def test_another_file_never_leaves_whole(content: bytes, cuts: list[int], place: int) -> None:
    place %= len(content)
    others = (content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], content[:place], content + b"!")
    for other in others:
        left: list[bytes] = []
        with pytest.raises(Refusal) as refused:
            leave(other, cuts, Withheld(announced(content)), left)
        assert refused.value.reason is Reason.CITY_ANSWER_INVALID
        assert sum(map(len, left)) < len(content)
