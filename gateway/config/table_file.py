"""One table as it stands in a file: adapters/<city>/tables/<alias>.yaml -> TableSpec.

Law: each rule is read by itself, so that a fault in one hides no fault of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.config.document import Document
from gateway.config.problem import Gathering, Problem
from gateway.config.rule_sections import Answer, Ask, AskFrom, answer_rule
from gateway.config.shape import Section, shape
from gateway.config.words import Connector, RegionCode, Text
from gateway.model.query import FileFormat
from gateway.model.rules import AnswerRule, AskRule, PresentSpec, Source, TableSpec, VerifySpec


class VerifySection(Section):
    """The system's own operation that compares values. It is asked what `ask` says, and the claims besides."""

    operation: Text = Field(description="an operation of that system's dialect which compares")
    claims: Annotated[Mapping[str, Any], Field(min_length=1)] = Field(
        description="the city's name -> {from: claims.<field>} with a form, and {from: holder.name}, which must agree"
    )


class PresentSection(Section):
    """The system's own operation for a code that the holder shows. It is asked what `ask` says, but for what is read of the holder."""

    operation: Text = Field(description="an operation of that system's dialect which takes a code")
    code: Text = Field(description="the city's name of the code")


class TableFile(Section):
    """A table: what one system's names and codes mean for one kind of evidence."""

    edition: Text = Field(description="named in every answer; a changed table gets a new one")
    region: RegionCode = Field(description="the region that answers")
    type: Text = Field(description="alias or code of the kind of evidence")
    system: Connector = Field(description="the adapter that asks, <city>.<interface>")
    operation: Text = Field(description="an operation of that system's dialect")
    ask: Annotated[Mapping[str, Any], Field(min_length=1)] = Field(description="the city's name -> outward rule")
    answer: Annotated[Mapping[str, Any], Field(min_length=1)] = Field(description="canonical field -> inward rule")
    files: tuple[Literal["OFD", "PDF", "PNG"], ...] = Field(
        default=(), description="in which formats the system gives the evidence's file"
    )
    verify: VerifySection | None = Field(default=None, description="where the system compares values itself, {operation, claims}")
    presented: PresentSection | None = Field(
        default=None, description="where the system answers for a code that the holder shows (亮证), {operation, code}"
    )


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
    claims = ((name, gathering.attempt(_claim, document, name)) for name in (file.verify.claims if file.verify else ()))
    told = {name: rule for name, rule in claims if rule is not None}
    spec = TableSpec(
        edition=file.edition,
        region=file.region,
        type=file.type,
        system=file.system,
        operation=file.operation,
        ask={name: rule for name, rule in asks if rule is not None},
        answer={name: rule for name, rule in answers if rule is not None},
        verify=VerifySpec(file.verify.operation, told) if file.verify else None,
        files=tuple(FileFormat(each) for each in file.files),
        presented=PresentSpec(file.presented.operation, file.presented.code) if file.presented else None,
    )
    return TableText(document, spec, frozenset(file.answer)), gathering.problems


def _ask(document: Document, name: str) -> AskRule:
    return shape(document, Ask, ("ask", name)).rule()  # type: ignore[arg-type]


def _claim(document: Document, name: str) -> Source:
    return shape(document, AskFrom, ("verify", "claims", name)).rule()


def _answer(document: Document, name: str) -> AnswerRule:
    return answer_rule(shape(document, Answer, ("answer", name)))  # type: ignore[arg-type]
