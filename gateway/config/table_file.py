"""One table as it stands in a file: adapters/<city>/tables/<alias>.yaml -> TableSpec.

Law: each rule is read by itself, so that a fault in one hides no fault of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from gateway.config.document import Document
from gateway.config.problem import Gathering, Problem
from gateway.config.rule_sections import Answer, Ask, answer_rule
from gateway.config.shape import Section, shape
from gateway.config.words import Connector, RegionCode, Text
from gateway.model.rules import AnswerRule, AskRule, TableSpec


class TableFile(Section):
    """A table: what one system's names and codes mean for one kind of evidence."""

    edition: Text = Field(description="named in every answer; a changed table gets a new one")
    region: RegionCode = Field(description="the region that answers")
    type: Text = Field(description="alias or code of the kind of evidence")
    system: Connector = Field(description="the adapter that asks, <city>.<interface>")
    operation: Text = Field(description="an operation of that system's dialect")
    ask: Annotated[Mapping[str, Any], Field(min_length=1)] = Field(description="the city's name -> outward rule")
    answer: Annotated[Mapping[str, Any], Field(min_length=1)] = Field(description="canonical field -> inward rule")


@dataclass(frozen=True, slots=True)
class TableText:
    """A table as read: `spec` has the rules that could be read, `names` all canonical fields that stand in the answer."""

    document: Document
    spec: TableSpec
    names: frozenset[str]


def read_table(document: Document) -> tuple[TableText, tuple[Problem, ...]]:
    """The table in the document, and the problems of rules left out of it. Raises ConfigError if there is no table at all."""
    file = shape(document, TableFile)
    gathering = Gathering()
    asks = ((name, gathering.attempt(_ask, document, name)) for name in file.ask)
    answers = ((name, gathering.attempt(_answer, document, name)) for name in file.answer)
    spec = TableSpec(
        edition=file.edition,
        region=file.region,
        type=file.type,
        system=file.system,
        operation=file.operation,
        ask={name: rule for name, rule in asks if rule is not None},
        answer={name: rule for name, rule in answers if rule is not None},
    )
    return TableText(document, spec, frozenset(file.answer)), gathering.problems


def _ask(document: Document, name: str) -> AskRule:
    return shape(document, Ask, ("ask", name)).rule()  # type: ignore[arg-type]


def _answer(document: Document, name: str) -> AnswerRule:
    return answer_rule(shape(document, Answer, ("answer", name)))  # type: ignore[arg-type]
