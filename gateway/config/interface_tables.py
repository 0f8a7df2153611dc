"""The sections of an interface made of tables (前置库).

Law: a table and a column have names that can stand in a statement, and nothing else of a statement is written here.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from gateway.config.interface_parts import LevelSection, MomentForm
from gateway.config.shape import Section, fault
from gateway.config.words import Frozen, Text
from gateway.model.interface import DetailSpec, TablesSpec

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,60}")


def _column(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise fault("must be the name of a table or column", "use a to z, 0 to 9 and _, and no digit first")
    return name


Column = Annotated[Text, AfterValidator(_column)]
Columns = Annotated[tuple[Column, ...], Field(min_length=1)]
Flags = Annotated[tuple[Text, ...], Field(min_length=1)]


class AskingTable(Section):
    """The table into which a question is put."""

    table: Column = Field(description="its name")
    ticket: Column = Field(
        description="the column of our ticket, unique, of 32 characters; the answers have one of the same name"
    )
    columns: Columns = Field(description="the columns for what a table asks")
    moment: Column | None = Field(default=None, description="the column of the moment, if there is one")
    form: MomentForm = Field(default="%Y%m%d%H%M%S", description="how the moment is written")
    account: Column | None = Field(default=None, description="the column of the credential `account`, if there is one")
    constants: Annotated[Mapping[Column, Text], Frozen] = Field(
        default_factory=dict, validate_default=True, description="columns that always say the same"
    )


class DetailSection(Section):
    """Rows that belong to an answer, in a table of their own."""

    table: Column = Field(description="its name")
    ticket: Column = Field(description="the column by which they belong to a question")
    order: Column = Field(description="the column by which they are sorted")
    columns: Columns = Field(description="what is read of each")
    count: Column = Field(description="the column of the answer that says how many they are")

    def spec(self) -> DetailSpec:
        """As the model has it."""
        return DetailSpec(self.table, self.ticket, self.order, self.columns, self.count)


class AnsweringTable(Section):
    """The table or view in which the answer appears."""

    table: Column = Field(description="its name")
    flag: Column = Field(description="the column that says whether there is an answer")
    waiting: Flags = Field(description="what it says before")
    done: Flags = Field(description="what it says then")
    code: LevelSection = Field(description="the column that says what the answer is, {at, kind, codes}")
    holder: Column = Field(description="the column of the holder's number, by which two answers are seen to be of two holders")
    columns: Columns = Field(description="the values of an answer")
    rows: Annotated[Mapping[Column, DetailSection], Frozen] = Field(
        default_factory=dict, validate_default=True, description="rows in tables of their own, by what a table calls them"
    )

    @model_validator(mode="after")
    def _sound(self) -> "AnsweringTable":
        if set(self.waiting) & set(self.done):
            raise fault("a flag says both that there is an answer and that there is none", "keep it in one list")
        if self.code.optional or not _NAME.fullmatch(self.code.at):
            raise fault("the code is a column that is always there", "name a column under `code.at`, and take out `optional`")
        return self


class TablesOperation(Section):
    """One operation."""

    request: AskingTable = Field(
        description="where a question is put, {table, ticket, columns, moment, form, account, constants}"
    )
    response: AnsweringTable = Field(
        description="where the answer appears, {table, flag, waiting, done, code, holder, columns, rows}"
    )

    def spec(self) -> TablesSpec:
        """As the model has it."""
        ask, told = self.request, self.response
        return TablesSpec(
            requests=ask.table,
            ticket=ask.ticket,
            moment=ask.moment or "",
            form=ask.form,
            account=ask.account or "",
            constants=ask.constants,
            asked=ask.columns,
            responses=told.table,
            flag=told.flag,
            waiting=frozenset(told.waiting),
            done=frozenset(told.done),
            code=told.code.spec(),
            holder=told.holder,
            columns=told.columns,
            details={part: each.spec() for part, each in told.rows.items()},
        )
