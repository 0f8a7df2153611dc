"""A text of a request shows what it holds: one line, every character of a true name, and none that makes a screen show another."""

import pytest

from gateway.rpc.texts import PLAIN, text


@pytest.mark.parametrize(
    "sign", [*map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F))), "\u2066", "\u2069"]
)
def test_what_commands_a_screen_is_no_text(sign: str) -> None:
    assert not PLAIN.fullmatch(f"FS{sign}1")


@pytest.mark.parametrize(
    "said", ["欧阳·测试甲", "\U00020bb7\U0002b746", "\ue863", "a\u200fb\u200e", "\u0628\u200d\u062a", "O'Ñ \u3000 ß", "字" * 200]
)
def test_what_writing_needs_is(said: str) -> None:
    assert PLAIN.fullmatch(said)


@pytest.mark.parametrize("said", ["", " a", "a ", "\u3000", "abcd"])
def test_a_text_has_a_length_and_no_blank_at_its_ends(said: str) -> None:
    assert not text(3).fullmatch(said)
