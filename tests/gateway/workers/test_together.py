"""All take up a configuration or none does, whoever refuses, cannot switch or is gone."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.workers.together import Gone, take_up

CHANGE = {"how": "changed", "kind": "agreement", "name": "a"}


class Process:
    """Answers as it is told to, and remembers what it was ordered."""

    def __init__(self, refuses: Mapping[str, str] = {}, *, dies_at: str = "", digest: str = "d") -> None:
        self.ordered: list[str] = []
        self._refuses = refuses
        self._dies_at = dies_at
        self._digest = digest

    async def ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        what = str(order["do"])
        self.ordered.append(what)
        if what == self._dies_at:
            raise Gone(what)
        problems = [self._refuses[what]] if what in self._refuses else []
        return {"problems": problems, "changes": [CHANGE], "digest": self._digest}


async def test_all_prepare_and_then_all_switch() -> None:
    members = [Process(), Process()]
    assert await take_up(members, "t") == {"result": "applied", "changes": [CHANGE], "problems": []}
    assert [each.ordered for each in members] == [["prepare", "commit"]] * 2


async def test_a_dry_run_switches_nobody() -> None:
    members = [Process(), Process()]
    assert (await take_up(members, "t", dry_run=True))["result"] == "planned"
    assert [each.ordered for each in members] == [["prepare", "abandon"]] * 2


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (Process({"prepare": "no such file"}), "no such file"),
        (Process(dies_at="prepare"), "a worker ended meanwhile; try again"),
        (Process(digest="e"), "the files changed while they were read; try again"),
    ],
    ids=["refuses", "dies", "read something else"],
)
async def test_where_one_is_not_ready_nobody_switches(other: Process, told: str) -> None:
    ready = Process()
    answer = await take_up([ready, other], "t")
    assert (answer["result"], answer["problems"]) == ("refused", [told])
    assert ready.ordered == ["prepare", "abandon"]
    assert "commit" not in other.ordered


async def test_where_one_cannot_switch_the_others_are_put_back() -> None:
    done, cannot = Process(), Process({"commit": "not shown"})
    answer = await take_up([done, cannot], "t")
    assert (answer["result"], answer["problems"]) == ("refused", ["not shown"])
    assert done.ordered == ["prepare", "commit", "revert"]
    assert cannot.ordered == ["prepare", "commit"]


async def test_one_that_dies_while_it_switches_reads_the_files_anew_and_keeps_nobody_back() -> None:
    done = Process()
    assert (await take_up([done, Process(dies_at="commit")], "t"))["result"] == "applied"
    assert done.ordered == ["prepare", "commit"]
