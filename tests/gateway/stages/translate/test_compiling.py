"""A table runs as it was written, and one that does not fit its type never runs."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.rules import Constant, HolderPlace, Read, ReadHolders, ReadRows, Source, Withheld
from gateway.stages.translate import compile_table
from tests.gateway.stages.builders import ANSWER, KIND, SPEC, spec


def test_a_table_says_what_it_is_and_what_it_gives() -> None:
    made = compile_table(SPEC, KIND)
    assert (made.edition, made.region, made.system, made.operation) == ("2030.5.1", "440600", "foshan.test", "everything")
    assert made.type is KIND
    assert [name for name, _ in made.outward] == list(SPEC.ask)
    assert [name for name, _ in made.inward] == [name for name in ANSWER if name != "secret"]
    assert made.withheld == {"secret": "the city does not give it"}


@pytest.mark.parametrize(
    "rules",
    [
        {"colour": Read("ys")},
        {"status": Read("zt")},
        {"payments": ReadRows("mx", {"colour": Read("ys")})},
        {"holders": ReadHolders((HolderPlace(Read("xm"), Constant("111"), Read("zjhm"), role=Read("xb")),))},
    ],
)
def test_a_rule_that_does_not_fit_its_type_is_our_fault(rules: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="does not fit everything-proof"):
        compile_table(spec(**rules), KIND)


@pytest.mark.parametrize("path", ["holder", "holder.colour", "parameters", "parameters.months.middle", "parameters.a.b.c"])
def test_a_part_that_no_question_has_is_our_fault(path: str) -> None:
    with pytest.raises(RuntimeError, match="no such outward source"):
        compile_table(spec(ask={"x": Source(path)}), KIND)


def test_a_table_shows_no_rules() -> None:
    hidden = replace(SPEC, answer={**ANSWER, "secret": Withheld("canary")})
    assert "canary" not in repr(compile_table(hidden, KIND))
