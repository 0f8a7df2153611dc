"""The breaker opens on the rate and not on the count, lets one probe through, and never counts what belongs to an earlier state."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.guarding.breaker import Breaker, Thresholds, Verdict
from gateway.model.standing import Passage

SET = Thresholds(window=10.0, volume=4, ratio=0.5, rest=2.0, longest_rest=5.0)


def run(breaker: Breaker, verdict: Verdict, now: float) -> None:
    given = breaker.enter(now)
    assert given is not None
    breaker.leave(given, verdict, now)


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(SET)
    for _ in range(4):
        run(breaker, Verdict.FAILED, now)
    assert breaker.passage(now) is Passage.OPEN
    return breaker


def test_few_failures_and_half_of_many_leave_it_closed() -> None:
    breaker = Breaker(SET)
    for _ in range(3):
        run(breaker, Verdict.FAILED, 0.0)
    assert breaker.passage(0.0) is Passage.CLOSED, "three are fewer than the volume"
    for _ in range(3):
        run(breaker, Verdict.ANSWERED, 0.0)
    for _ in range(20):
        run(breaker, Verdict.ANSWERED, 0.0)
        run(breaker, Verdict.FAILED, 0.0)
    assert breaker.passage(0.0) is Passage.CLOSED, "half is not more than half"


def test_what_tells_nothing_is_not_counted() -> None:
    breaker = Breaker(SET)
    for _ in range(100):
        run(breaker, Verdict.NOTHING, 0.0)
    for _ in range(3):
        run(breaker, Verdict.FAILED, 0.0)
    assert breaker.passage(0.0) is Passage.CLOSED


def test_failures_outside_the_window_are_forgotten() -> None:
    breaker = Breaker(SET)
    for second in range(0, 60, 4):
        run(breaker, Verdict.FAILED, float(second))
    assert breaker.passage(60.0) is Passage.CLOSED, "never four within ten seconds"


def test_it_rests_then_lets_one_probe_through_at_a_time() -> None:
    breaker = opened()
    assert breaker.enter(1.99) is None
    assert breaker.passage(2.0) is Passage.HALF_OPEN
    probe = breaker.enter(2.0)
    assert probe is not None
    assert breaker.enter(2.0) is None, "one at a time"
    breaker.leave(probe, Verdict.ANSWERED, 2.1)
    assert breaker.passage(2.1) is Passage.CLOSED
    run(breaker, Verdict.FAILED, 2.2)
    assert breaker.passage(2.2) is Passage.CLOSED, "what went before is forgotten"


def test_each_failed_probe_doubles_the_rest_to_a_limit_and_an_answer_sets_it_back() -> None:
    breaker, now = opened(), 0.0
    for rest in (2.0, 4.0, 5.0, 5.0):
        assert breaker.enter(now + rest - 0.01) is None
        now += rest
        run(breaker, Verdict.FAILED, now)
    now += 5.0
    run(breaker, Verdict.ANSWERED, now)
    for _ in range(4):
        run(breaker, Verdict.FAILED, now)
    assert breaker.enter(now + 1.99) is None
    assert breaker.enter(now + 2.0) is not None


def test_a_probe_whose_caller_left_makes_room_for_the_next() -> None:
    breaker = opened()
    run(breaker, Verdict.NOTHING, 2.0)
    assert breaker.enter(2.0) is not None


def test_what_began_before_it_opened_is_not_counted_after() -> None:
    breaker = Breaker(SET)
    late = [breaker.enter(0.0) for _ in range(4)]
    for _ in range(4):
        run(breaker, Verdict.FAILED, 0.0)
    probe = breaker.enter(2.0)
    assert probe is not None
    for each in late:
        assert each is not None
        breaker.leave(each, Verdict.ANSWERED, 2.0)
    assert breaker.passage(2.0) is Passage.HALF_OPEN, "the probe alone decides"
    breaker.leave(probe, Verdict.FAILED, 2.0)
    assert breaker.passage(2.0) is Passage.OPEN


@given(st.lists(st.tuples(st.sampled_from([Verdict.ANSWERED, Verdict.NOTHING]), st.floats(0, 3)), max_size=60))
def test_a_system_that_answers_is_never_left_alone(ends: list[tuple[Verdict, float]]) -> None:
    breaker, now = Breaker(SET), 0.0
    for verdict, later in ends:
        now += later
        run(breaker, verdict, now)
        assert breaker.passage(now) is Passage.CLOSED


class Guarding(RuleBasedStateMachine):
    """Whatever happens in whatever order: at most one probe is under way while it is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(SET)
        self.now = 0.0
        self.under_way: list[tuple[int, bool]] = []

    @rule(seconds=st.floats(0, 7))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def enter(self) -> None:
        was = self.breaker.passage(self.now)
        given = self.breaker.enter(self.now)
        assert (given is not None) or was is not Passage.CLOSED
        assert not (was is Passage.OPEN and given is not None)
        if given is not None:
            self.under_way.append((given, was is Passage.HALF_OPEN))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 10**6), verdict=st.sampled_from(Verdict))
    def leave(self, which: int, verdict: Verdict) -> None:
        given, _ = self.under_way.pop(which % len(self.under_way))
        self.breaker.leave(given, verdict, self.now)

    @invariant()
    def one_probe(self) -> None:
        if self.breaker.passage(self.now) is not Passage.CLOSED:
            assert sum(probe for _, probe in self.under_way) <= 1


TestGuarding = Guarding.TestCase
