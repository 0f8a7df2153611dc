"""The charset of an answer: what the bytes are, whatever they declare.

Law: bytes that are UTF-8 as well are in no other charset: names in GB18030 never are for long, and would be read as other names.
Standards: RFC 3629 (UTF-8); GB 18030.
"""

from typing import Final

from adapters.connectors.verdict import invalid

_UTF_8: Final = "utf-8"


def decoded(body: bytes, charset: str, where: str) -> str:
    """The text that the bytes are in this charset. Raises CITY_ANSWER_INVALID."""
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        raise invalid(where, "is not in the charset of the interface") from None
    if charset != _UTF_8 and not text.isascii() and _is_utf8(body):
        raise invalid(where, "is in UTF-8, whatever it declares")
    return text


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode(_UTF_8)
    except UnicodeDecodeError:
        return False
    return True
