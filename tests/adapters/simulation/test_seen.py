"""What must not come twice is remembered for its life, and no longer."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.simulation.seen import Seen


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=30))
def test_a_key_comes_again_only_within_its_life(steps: list[tuple[str, int]]) -> None:
    seen, now = Seen(60), 0
    came: dict[str, int] = {}
    for key, wait in steps:
        now += wait
        expected = key in came and now - came[key] < 60
        assert seen.again(key, now) == expected
        assert key in seen
        came = came if expected else came | {key: now}
