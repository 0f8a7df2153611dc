"""How long until a worker is replaced, and when it is given up."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.workers.patience import MOST, WINDOW_SECONDS, Patience


def test_each_pause_is_longer_and_then_it_is_given_up() -> None:
    patience, pauses = Patience(), []
    for moment in range(MOST + 1):
        patience = patience.after(float(moment))
        pauses.append(patience.pause)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, None]


@given(st.integers(1, 50))
def test_who_ends_seldom_is_never_given_up(times: int) -> None:
    patience = Patience()
    for number in range(times):
        patience = patience.after(number * WINDOW_SECONDS)
        assert patience.pause == 0.2
