"""The city's population register: who there is, by number, and the months its records speak of.

Laws: numbers are looked up in upper case; a name counts only when it equals the register's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from adapters.simulation.population import (
    Company,
    CompanySituation,
    Person,
    Situation,
    companies,
    company_situation,
    draw,
    holds,
    people,
    situation,
)

REGION = "440100"


@dataclass(frozen=True, slots=True)
class Holder:
    """A person or a company, where a bureau keeps both in one register."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    index: int
    company: bool

    @property
    def sort(self) -> str:
        """What tells the chance of person 0 from that of company 0."""
        return "company" if self.company else "person"


@dataclass(frozen=True)
class Register:
    """The people and companies of Guangzhou for one seed."""

    people_count: int
    company_count: int
    seed: int

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """All people, in the order of the population."""
        return people(REGION, self.people_count, self.seed)

    @cached_property
    def companies(self) -> tuple[Company, ...]:
        """All companies, in the order of the population."""
        return companies(REGION, self.company_count, self.seed)

    @cached_property
    def _person_by_number(self) -> dict[str, int]:
        return {person.number: index for index, person in enumerate(self.people)}

    @cached_property
    def _company_by_code(self) -> dict[str, int]:
        return {company.code: index for index, company in enumerate(self.companies)}

    def person_index(self, number: str, name: str | None = None) -> int | None:
        """Where the person with `number` stands; None if nobody has it, or somebody of another name."""
        index = self._person_by_number.get(number.upper())
        return None if index is None or name not in {None, self.people[index].name} else index

    def company_index(self, code: str, name: str | None = None) -> int | None:
        """Where the company with `code` stands; None if none has it, or one of another name."""
        index = self._company_by_code.get(code.upper())
        return None if index is None or name not in {None, self.companies[index].name} else index

    def holder(self, number: str, name: str | None = None) -> Holder | None:
        """The person or company with `number`; None if nobody has it, or somebody of another name."""
        index = self.person_index(number, name)
        if index is not None:
            return Holder(self.people[index].name, self.people[index].number, index, company=False)
        index = self.company_index(number, name)
        return None if index is None else Holder(self.companies[index].name, self.companies[index].code, index, company=True)

    def holds(self, what: str, index: int, share: float) -> bool:
        """Whether person or company `index` has this paper, of which a share of all have one."""
        return holds(REGION, self.seed, what, index, share)

    def situation(self, index: int) -> Situation:
        """What is settled about person `index`."""
        return situation(REGION, index, self.people_count, self.seed)

    def company_situation(self, index: int) -> CompanySituation:
        """What is settled about company `index`."""
        return company_situation(REGION, index, self.seed)

    def employer(self, index: int) -> Company:
        """The company that person `index` works for."""
        return self.companies[self.lot("employer", index).randrange(len(self.companies))]

    def lot(self, subject: str, index: int) -> random.Random:
        """The chance that settles `subject` of person or company `index`."""
        return draw(REGION, self.seed, subject, index)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    @classmethod
    def of(cls, text: str) -> "Month":
        """From `yyyyMM` or `yyyy-MM`; ValueError for what is no month."""
        digits = text.replace("-", "")
        month = cls(int(digits[:4]), int(digits[4:]))
        if not 1 <= month.number <= 12:  # noqa: PLR2004 - twelve months a year
            raise ValueError("no such month")
        return month

    def plus(self, months: int) -> "Month":
        """The month so many months later."""
        since = self.year * 12 + self.number - 1 + months
        return Month(since // 12, since % 12 + 1)

    def until(self, last: "Month") -> Iterator["Month"]:
        """Every month from here to `last`, both included."""
        month = self
        while month <= last:
            yield month
            month = month.plus(1)

    @property
    def compact(self) -> str:
        """`yyyyMM`."""
        return f"{self.year:04d}{self.number:02d}"

    @property
    def dashed(self) -> str:
        """`yyyy-MM`."""
        return f"{self.year:04d}-{self.number:02d}"


def worked(lot: random.Random, *, full: bool) -> tuple[Month, Month]:
    """The first and last month somebody was at work: 2023-01 to 2024-12 where the history is `full`."""
    if full:
        return Month(2023, 1), Month(2024, 12)
    first = Month(2021, 1).plus(lot.randrange(42))
    return first, min(first.plus(lot.randrange(6, 48)), Month(2025, 5))
