"""Whatever is drawn lies within its frame, in order, and what is not known is a gap."""

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.charts import HEIGHT, WIDTH, chart, ticks, timeline
from tests.gateway.stages.builders import NOW

SPAN = timedelta(days=366)


def places(piece: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in piece.split())]


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=40))
def test_every_known_value_is_drawn_within_the_frame(values: list[float | None]) -> None:
    moments = [NOW + timedelta(seconds=10 * number) for number in range(len(values))]
    made = chart(moments, [("1", values)])
    pieces = [places(each) for each in made.lines[0].pieces]
    known = sum(each is not None for each in values)
    assert sum(len(each) for each in pieces if len(each) > 1) >= known
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for piece in pieces for x, y in piece)
    assert [x for piece in pieces for x, _ in piece] == sorted(x for piece in pieces for x, _ in piece)
    assert made.top >= max((each for each in values if each is not None), default=0.0)


def test_a_gap_parts_a_line_and_an_axis_ends_round() -> None:
    made = chart([NOW + timedelta(seconds=each) for each in range(5)], [("1", [1.0, 3.4, None, 0.0, 0.0])])
    assert (len(made.lines[0].pieces), made.top) == (2, 5.0)
    assert [chart([NOW], [("1", [value])]).top for value in (0.0, 0.0012, 0.3, 1.0, 11.0, 500.0, 501.0)] == [
        1.0,
        0.002,
        0.5,
        1.0,
        20.0,
        500.0,
        1000.0,
    ]


@given(st.lists(st.integers(-400, 800), max_size=30))
def test_marks_do_not_cover_one_another(days: list[int]) -> None:
    moments = [NOW + timedelta(days=each) for each in sorted(days)]
    marks = timeline(NOW, SPAN, moments)
    assert all(0 <= each.x <= WIDTH for each in marks)
    for row in {each.row for each in marks}:
        across = [each.x for each in marks if each.row == row]
        assert all(after - before >= 14 for before, after in itertools.pairwise(across))


def test_a_tick_is_the_first_of_a_month() -> None:
    found = ticks(NOW, SPAN)
    assert (len(found), {each.at.day for each in found}) == (12, {1})
    assert [each.x for each in found] == sorted(each.x for each in found)
