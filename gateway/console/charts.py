"""Lines and time lines as coordinates for SVG.

Laws: pure; coordinates only, never colours or styles, because the pages forbid inline styles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 96
_DASH: Final = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one line, each as the `points` of a polyline; a gap is where nothing is known."""

    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one span of time; `top` is the value at the upper edge."""

    lines: tuple[Line, ...]
    top: float
    first: datetime | None
    last: datetime | None


def chart(moments: Sequence[datetime], series: Sequence[tuple[str, Sequence[float | None]]]) -> Chart:
    """Each series has a value, or None, for each moment."""
    most = max((value for _, values in series for value in values if value is not None), default=0.0)
    top = _round_up(most)
    across = _places(moments)
    lines = tuple(Line(name, tuple(_pieces(across, values, top))) for name, values in series)
    return Chart(lines, top, moments[0] if moments else None, moments[-1] if moments else None)


def _places(moments: Sequence[datetime]) -> list[float]:
    if not moments:
        return []
    span = (moments[-1] - moments[0]).total_seconds() or 1.0
    return [(each - moments[0]).total_seconds() / span * WIDTH for each in moments]


def _pieces(across: Sequence[float], values: Sequence[float | None], top: float) -> list[str]:
    pairs = zip(across, values, strict=True)
    known = [list(piece) for is_known, piece in groupby(pairs, key=lambda pair: pair[1] is not None) if is_known]
    return [_points([(x, HEIGHT - (value or 0.0) / top * HEIGHT) for x, value in piece]) for piece in known]


def _points(places: Sequence[tuple[float, float]]) -> str:
    """A lone point becomes a dash, for a line of one point is not seen."""
    x, y = places[0]
    drawn = places if len(places) > 1 else [(max(x - _DASH, 0.0), y), (min(x + _DASH, WIDTH), y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten, so that an axis reads well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** (len(f"{int(value)}") - 1) if value >= 1 else 0.001
    while True:
        for step in (1, 2, 5):
            if value <= step * power:
                return step * power
        power *= 10


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on a time line: `x` across, `row` down, so that marks do not cover one another."""

    x: float
    row: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of a month."""

    x: float
    at: datetime


def timeline(now: datetime, span: timedelta, moments: Sequence[datetime], gap: float = 14.0) -> tuple[Mark, ...]:
    """Where each moment stands on a line from `now` on, in their order; what lies outside stands at the edge."""
    free: list[float] = []
    marks = []
    for each in moments:
        x = min(max((each - now) / span, 0.0), 1.0) * WIDTH
        row = next((number for number, end in enumerate(free) if end + gap <= x), len(free))
        free[row : row + 1] = [x]
        marks.append(Mark(x, row))
    return tuple(marks)


def ticks(now: datetime, span: timedelta) -> tuple[Tick, ...]:
    """Each first of a month within the span."""
    made, at = [], now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (at := (at + timedelta(days=32)).replace(day=1)) < now + span:
        made.append(Tick((at - now) / span * WIDTH, at))
    return tuple(made)
