"""Every fault has a wording in both languages that asks for the same facts, a state that exists, and a page that is there."""

import re
from pathlib import Path
from string import Formatter

import pytest

from gateway.checking.line import State
from gateway.checking.wording import WORDINGS, Fault

ROOT = Path(__file__).parents[3]


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("fault", Fault)
def test_a_wording_is_whole(fault: Fault) -> None:
    said = WORDINGS[fault]
    assert State(said.state) is not State.FINE
    assert all((said.reason, said.mend, said.reason_zh, said.mend_zh))
    assert facts(said.reason) == facts(said.reason_zh)
    page, _, anchor = said.link.partition("#")
    assert (ROOT / page).is_file()
    assert not anchor or anchor in anchors(ROOT / page)
