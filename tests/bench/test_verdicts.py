"""A trend is found in noise and none is found in noise alone; what was missed stands in the table."""

from random import Random

import pytest

from bench.verdicts import Verdicts, trend


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.01])
def test_a_trend_is_found_under_noise_and_outliers(slope: float) -> None:
    chance = Random(7)  # noqa: S311  noise, and the same each time
    values = [150 + slope * second + chance.gauss(0, 1.5) + (40 if chance.random() < 0.1 else 0) for second in range(480)]
    assert trend(values) == pytest.approx(slope, abs=0.004)


def test_the_table_says_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    told = Verdicts()
    told.add("answered", "85 % of the capacity", "80 %")
    told.add("well again", "7 s", "5 s", kept=False)
    assert told.missed == ["well again"]
    assert told.table().splitlines()[2:] == [
        "| answered | 85 % of the capacity | 80 % |",
        "| well again | 7 s | 5 s: **missed** |",
    ]
    assert capsys.readouterr().out.splitlines()[1].endswith("MISSED")
