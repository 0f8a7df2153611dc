"""The page is what the corridor does: a corridor that does otherwise has no page."""

import inspect
import unicodedata

import pytest

from gateway import exchange
from gateway.development.pages import walk

SOURCE = inspect.getsource(exchange)
WIDEST = 110
CHANGES = {
    "authorise and route change places": (
        "permit = authorise(caller, query, world, call.received)",
        "way = route(permit, world)",
    ),
    "disclose before it is turned into our words": (
        "presenting.shower(evidence, told, way), disclose(evidence, way.permit)",
        "disclose(evidence, way.permit), presenting.shower(evidence, told, way)",
    ),
    "nothing is disclosed": ("disclose(evidence, way.permit)", "Disclosure(evidence, ())"),
    "asked before it is recorded": ("intent = await _intend(before, world, ports)", "intent = None"),
}


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line)


@pytest.mark.parametrize("change", CHANGES)
def test_another_corridor_has_no_page(change: str) -> None:
    before, after = CHANGES[change]
    assert SOURCE.count(before) == 1
    with pytest.raises(RuntimeError, match="the corridor calls"):
        walk.walked(SOURCE.replace(before, after))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_picture_has_nine_lines_between_the_wire_and_the_wire(language: str) -> None:
    first, *steps, last = walk.picture(language, walk.walked(SOURCE)).splitlines()
    assert first.startswith("wire -- codec --> Call")
    assert last == "Sealed -- codec --> wire"
    assert [line.split()[0] for line in steps] == [str(number) for number in range(1, 10)]
    assert max(map(width, (first, *steps))) <= WIDEST


def test_the_three_waits_are_found_and_not_said() -> None:
    lines = walk.picture("en", walk.walked(SOURCE)).splitlines()
    assert [line.split()[1] for line in lines if " await " in line] == ["intend", "ask", "conclude"]


def test_each_step_gives_what_the_next_one_takes() -> None:
    lines = walk.picture("en", walk.walked(SOURCE)).splitlines()[1:-1]
    assert [line.split()[3] for line in lines] == [
        "Caller",
        "Permit",
        "Route",
        "CityRequest",
        "Entry",
        "CityAnswer",
        "Evidence",
        "Disclosure",
        "Entry",
    ]


def test_the_page_has_both_pictures_the_laws_and_the_refusals_of_each_step() -> None:
    page = walk.page()
    made = walk.walked(SOURCE)
    assert walk.picture("en", made) in page
    assert walk.picture("zh", made) in page
    assert "nothing is asked before it is recorded, nothing is disclosed before it is recorded" in page
    rows = {line.split(" | ")[0].strip("| "): line for line in page.splitlines() if line.startswith("| ")}
    assert "`CALLER_UNKNOWN`, `CERTIFICATE_REVOKED`, `FORWARDING_REFUSED` |" in rows["1"]
    assert "`NO_AGREEMENT`, `PURPOSE_NOT_COVERED`" in rows["2"]
    assert "any of blame COUNTERPARTY" in rows["6"]
    assert "`CITY_ANSWER_INVALID`, `HOLDER_AMBIGUOUS`" in rows["7"]
    assert "`REPLAYED_REQUEST`" in rows["5"]
    assert "`REPLAYED_REQUEST`" not in rows["9"]
