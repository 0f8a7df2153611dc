"""G1's `data_fields` (照面信息): an object within a string, mostly JSON, now and then with single quotes by an older program.

Laws: the two are told apart by the first character after the brace, as the city says; what is left is strict JSON, not nested.
Source: docs/interfaces/guangzhou.md, G1, data_fields.
"""

import re

from adapters.connectors.json_body import expect, read_json_text
from adapters.connectors.verdict import invalid

_SINGLE = re.compile(r"\{[ \t\r\n]*'")
# A string between single quotes, or what stands between two of them. Possessive, so that no text takes more than linear time.
_TOKEN = re.compile(r"'([^'\\]*+(?:\\.[^'\\]*+)*+)'|([^'\"]++)", re.DOTALL)
_ESCAPE = re.compile(r"\\.|\"", re.DOTALL)


def read_data_fields(text: str, where: str) -> dict[str, object]:
    """The fields by the city's names; each a string, an integer or null. Raises CITY_ANSWER_INVALID."""
    plain = _requoted(text, where) if _SINGLE.match(text) else text
    fields = expect(read_json_text(plain, where), dict[str, object], where)
    if any(isinstance(value, dict | list) for value in fields.values()):
        raise invalid(where, "nests, which it must not")
    return fields


def _requoted(text: str, where: str) -> str:
    pieces, place = [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise invalid(where, "has a quotation mark that nothing closes, or of the other kind")
        inside = token.group(1)
        pieces.append(token.group(2) if inside is None else f'"{_ESCAPE.sub(_escaped, inside)}"')
        place = token.end()
    return "".join(pieces)


def _escaped(found: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(found.group(), found.group())
