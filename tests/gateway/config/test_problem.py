import pytest

from gateway.config.problem import ConfigError, Gathering, Problem

FIRST = Problem("a.yaml", 2, 1, "k", "is wrong", "mend it")
SECOND = Problem("a.yaml", 10, 1, "", "is wrong")


def test_a_problem_reads_as_editors_follow_it():
    assert str(FIRST) == "a.yaml:2:1: k: is wrong; mend it"
    assert str(SECOND) == "a.yaml:10:1: is wrong"


def test_problems_are_told_once_and_in_order():
    error = ConfigError([SECOND, FIRST, SECOND])
    assert error.problems == (FIRST, SECOND)
    assert str(error).splitlines() == [str(FIRST), str(SECOND)]


def test_gathering_goes_on_after_a_problem_and_raises_at_the_end():
    def fails(problem: Problem) -> None:
        raise ConfigError([problem])

    gathering = Gathering()
    assert gathering.attempt(fails, SECOND) is None
    assert gathering.attempt(lambda: 3) == 3
    gathering.add([FIRST])
    assert gathering.count == 2
    with pytest.raises(ConfigError) as caught:
        gathering.close()
    assert caught.value.problems == (FIRST, SECOND) == gathering.problems


def test_gathering_nothing_raises_nothing():
    Gathering().close()
