"""Page tokens: what was written is read, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.paging import Bookmark

NUMBERS = st.integers(0, 2**63)
KEY = b"k" * 32


@given(NUMBERS, NUMBERS, st.binary())
def test_a_token_names_its_place_to_its_own_question(size: int, before: int, question: bytes) -> None:
    token = Bookmark(size, before).token(KEY, question)
    assert Bookmark.read(token, KEY, question) == Bookmark(size, before)
    assert Bookmark.read(token, KEY, question + b"?") is None
    assert Bookmark.read(token, b"n" * 32, question) is None


@given(st.text() | st.text("abcXYZ019_-", min_size=43, max_size=43))
def test_a_text_that_nobody_made_names_nothing(text: str) -> None:
    assert Bookmark.read(text, KEY, b"") is None


@given(st.integers(0, 42), st.sampled_from("ABCDabcd0123_-"))
def test_a_token_that_was_touched_names_nothing(place: int, sign: str) -> None:
    token = Bookmark(70, 7).token(KEY, b"")
    touched = token[:place] + sign + token[place + 1 :]
    assert (Bookmark.read(touched, KEY, b"") is None) is (touched != token)
