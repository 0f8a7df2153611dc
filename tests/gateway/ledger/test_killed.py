"""Writers killed with SIGKILL under load, again and again on one file. `python -m bench.killing` does the same for as long as one likes."""

from pathlib import Path

import pytest

from bench.killing import Lost, rounds


@pytest.mark.parametrize("writers", [1, 2])
def test_nothing_acknowledged_is_lost_however_often_a_writer_is_killed(path: Path, writers: int) -> None:
    *_, tally = rounds(path, 4, writers, 200)
    assert len(tally.acknowledged) >= 4 * writers * 200
    assert tally.entries >= len(tally.acknowledged)
    assert tally.left_open > 0


def test_what_is_lost_is_noticed(path: Path) -> None:
    going = rounds(path, 2, 1, 100)
    next(going)
    for file in path.parent.iterdir():
        file.unlink()
    with pytest.raises(Lost, match="acknowledged"):
        next(going)
