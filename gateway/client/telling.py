"""One certificate or e-licence as rows for a terminal."""

from collections.abc import Iterator
from unicodedata import east_asian_width

from gateway.client.answer import Paper
from gateway.model.evidence import Coded, Holders, Period, Rows, Value

_COMMON = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to", "status")
_MOST_ROWS = 8


def rows(paper: Paper) -> Iterator[tuple[str, str]]:
    """Name and text of each part that was disclosed."""
    for name in _COMMON:
        if text := getattr(paper, name):
            yield name, text
    for holder in paper.holders:
        yield "holder", " ".join(part for part in (holder.name, holder.id_type, holder.id_number, holder.role) if part)
    for name, value in paper.fields.items():
        if isinstance(value, Rows):
            yield name, "\n".join(_lines(value))
        else:
            yield name, text_of(value)
    for code, field in paper.findings:
        yield "finding", f"{code} on {field}"


def _cell(value: Value) -> str:
    return value.code if isinstance(value, Coded) else text_of(value)


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def text_of(value: Value) -> str:
    """A value in one line."""
    match value:
        case Coded(code, text):
            return f"{code} ({text})"
        case Period(first, last):
            return f"{first} to {last or 'no end'}"
        case Rows(found):
            return f"{len(found)} rows"
        case Holders(found):
            return f"{len(found)} holders"
    return str(value)


def _lines(value: Rows) -> Iterator[str]:
    """A small table: the names of the columns, then the rows."""
    names = list(dict.fromkeys(name for row in value.rows for name in row))
    cells = [names, *([_cell(row.get(name, "")) for name in names] for row in value.rows[:_MOST_ROWS])]
    widths = [max(_width(text) for text in column) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)).rstrip()
    if len(value.rows) > _MOST_ROWS:
        yield f"... and {len(value.rows) - _MOST_ROWS} more; -o json shows all"
