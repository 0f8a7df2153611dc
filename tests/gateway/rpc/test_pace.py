"""Places go while the loop is late, come back when it is not, and come back at once where more are refused than answered."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.refusal import Reason
from gateway.model.world import Limits
from gateway.rpc.door import Door
from gateway.rpc.pace import Pace, next_share

LATE, IN_TIME = 0.2, 0.001


def test_a_late_loop_takes_places_until_three_eighths_are_left_and_they_come_back() -> None:
    door = Door()
    pace, seen = Pace(door), []
    for seconds in (*[LATE] * 20, *[IN_TIME] * 20):
        pace.late(seconds)
        seen.append(door.share)
    assert seen[:20] == sorted(seen[:20], reverse=True)
    assert (min(seen), seen[-1]) == (0.375, 1.0)


def test_where_more_are_refused_than_end_places_come_back_however_late_it_is() -> None:
    door, limits = Door(), Limits(in_flight=1)
    pace = Pace(door)
    for _ in range(20):
        pace.late(LATE)
    with door.pass_through(limits, b"one"):
        for _ in range(5):
            door.turn_away(Reason.OVERLOADED)
        pace.late(LATE)
    assert door.share == 0.625
    pace.late(LATE)
    assert door.share < 0.625, "what was counted once is not counted again"


@settings(deadline=None, database=None)
@given(st.floats(0.375, 1), st.floats(0, 10), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_share_stays_between_three_eighths_and_all(now: float, late: float, refused: int, ended: int) -> None:
    assert 0.375 <= next_share(now, late, refused, ended) <= 1
