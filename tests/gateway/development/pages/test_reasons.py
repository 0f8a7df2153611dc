"""Every reason stands on its page once, whole, under its blame."""

import re

import pytest

from gateway.development.pages import reasons
from gateway.model.refusal import Blame, Reason
from gateway.rpc.status import WORDINGS, Retry

PAGE = reasons.page()
ROWS = {found[1]: line for line in PAGE.splitlines() if (found := re.match(r"\| [0-9]+ \| `([A-Z_]+)`", line))}


def test_every_reason_and_no_other() -> None:
    assert list(ROWS) == [each.name for blame in Blame for each in Reason if each.blame is blame]


@pytest.mark.parametrize("reason", Reason, ids=lambda each: each.name)
def test_a_row_says_all_that_the_table_says(reason: Reason) -> None:
    said, row = WORDINGS[reason], ROWS[reason.name]
    cells = re.split(r"(?<!\\)\|", row)[1:-1]
    number, _, code, cause, again, mend, zh = (each.strip().replace("\\", "") for each in cells)
    assert (number, code.strip("`")) == (str(reason.number), said.code.name)
    assert (cause, mend, zh) == (said.cause, said.mend, said.zh)
    assert again.startswith("no") == (said.retry is Retry.NEVER)
    assert (f"{said.after:g} s" in again) == (said.retry is not Retry.NEVER)


def test_a_reason_stands_under_its_blame() -> None:
    sections = re.split(r"^## Blame ([A-Z]+)", PAGE, flags=re.MULTILINE)[1:]
    for blame, text in zip(sections[::2], sections[1::2], strict=True):
        assert {name for name in ROWS if ROWS[name] in text} == {each.name for each in Reason if each.blame.value == blame}


def test_what_looks_like_a_tag_is_shown_as_it_is() -> None:
    assert r"spiffe://\<trust domain>" in ROWS["CALLER_UNKNOWN"]
