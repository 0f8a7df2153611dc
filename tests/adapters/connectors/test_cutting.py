"""A file cut out of its envelope, however the bytes come; what is no Base64 is refused."""

import base64
import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.connectors.cutting import LARGEST_ENVELOPE, Cutter
from gateway.model.refusal import Reason, Refusal

MARKER = b'"file_data":"'
MARKED = re.compile(rb'"file_data"\s{0,8}:\s{0,8}"')


def torn(whole: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(whole), *(place % (len(whole) + 1) for place in places)})
    return [whole[begin:end] for begin, end in pairwise(cuts)]


@given(
    st.binary(max_size=60), st.lists(st.integers(0, 200)), st.sampled_from([b"", b"\r\n", b" "]), st.sampled_from([b"/", b"\\/"])
)
@example(b"\xff" * 9, [*range(24, 44)], b"", b"\\/")
def test_out_then_in_is_the_file(file: bytes, places: list[int], blank: bytes, slash: bytes) -> None:
    text = base64.b64encode(file)
    text = (text[:8] + blank + text[8:]).replace(b"/", slash)
    cutter = Cutter(MARKED, "test")
    found = b"".join(cutter.feed(piece) for piece in torn(b'{"a":1,' + MARKER + text + b'","z":"AAAA"}', places))
    assert found == file
    assert cutter.found
    assert cutter.envelope == b'{"a":1,"file_data":"","z":"AAAA"}'


@pytest.mark.parametrize("text", [b"A", b"AAA", b"AA=A", b"====", b"AAAA=", b"AA==AAAA", b"AA\\n", b"AA\\", b"AAA\\\\/"])
def test_what_is_no_base64_is_refused(text: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        Cutter(MARKED, "test").feed(MARKER + text + b'"')
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID


@pytest.mark.parametrize("filler", [b"x", MARKER + b'"x'])
def test_an_envelope_is_bounded(filler: bytes) -> None:
    cutter = Cutter(MARKED, "test")
    cutter.feed(filler)
    with pytest.raises(Refusal):
        cutter.feed(b"x" * LARGEST_ENVELOPE)


def test_without_a_file_all_is_envelope() -> None:
    cutter = Cutter(MARKED, "test")
    assert (cutter.feed(b'{"errors":[]}'), cutter.found, cutter.envelope) == (b"", False, b'{"errors":[]}')
