"""The page of what is tested has every kind of both cities, and the reasons by which the tests of faults judge."""

from tests.journeys import tested
from tests.journeys.asking import REGIONS
from tests.journeys.canonical import KINDS


def test_every_kind_of_both_cities_has_one_row() -> None:
    rows = [line.split(" | ")[:2] for line in tested.PAGE.read_text().splitlines() if line.startswith("| ")]
    found = [(kind.removeprefix("| "), region) for kind, region in rows if kind.removeprefix("| ") in KINDS]
    assert found == [(kind, region) for kind in KINDS for region in REGIONS]


def test_the_reasons_of_the_faults_are_those_of_the_tests() -> None:
    assert tested.PAGE.read_text().endswith(tested.faults() + "\n"), "python -m tests.journeys.tested"
