"""Whoever has every chunk has the announced file, however it came; and of any other, nobody has the last one."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.city import CityFile
from gateway.model.query import FileFormat
from gateway.model.refusal import Reason, Refusal
from gateway.stages.withhold import BEGINNINGS, CHUNK, Scale, Withheld

FILES = st.builds(
    lambda seed, size: BEGINNINGS["OFD"] + (seed * (size // len(seed) + 1))[:size],
    st.binary(min_size=1),
    st.integers(0, 3 * CHUNK),
)
CUTS = st.lists(st.integers(0, 3 * CHUNK), max_size=6)


def announced(content: bytes) -> CityFile:
    return CityFile("OFD", "r", sha256(content).hexdigest(), len(content))


def torn(content: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    return [content[first:last] for first, last in pairwise(places)]


def leave(content: bytes, cuts: list[int], withheld: Withheld, left: list[bytes]) -> None:
    """Everything that a caller would be given, also where it ends in a refusal."""
    for piece in torn(content, cuts):
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


@given(FILES, CUTS)
def test_a_file_is_weighed_however_it_comes(content: bytes, cuts: list[int]) -> None:
    scale = Scale(CityFile("OFD", "r"))
    for piece in torn(content, cuts):
        scale.add(piece)
    assert scale.weighed() == announced(content)


@pytest.mark.parametrize("kind", FileFormat)
@given(st.integers(0, 7), st.integers(1, 255), CUTS)
def test_what_does_not_begin_as_its_format_is_refused_before_any_of_it_leaves(
    kind: str, place: int, other: int, cuts: list[int]
) -> None:
    true = BEGINNINGS[kind]
    place %= len(true)
    wrong = true[:place] + bytes([true[place] ^ other]) + true[place + 1 :] + bytes(2 * CHUNK)
    file = CityFile(kind, "r", sha256(wrong).hexdigest(), len(wrong))
    left: list[bytes] = []
    with pytest.raises(Refusal, match=f"is no {kind}"):
        leave(wrong, cuts, Withheld(file), left)
    assert left == []
    scale = Scale(file)
    scale.add(true[:place])
    with pytest.raises(Refusal, match=f"is no {kind}"):
        scale.weighed()


def test_every_format_has_its_beginning() -> None:
    assert set(BEGINNINGS) == set(FileFormat)
