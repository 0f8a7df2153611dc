"""The synthetic people and companies of a region, and what is settled about each of them.

Laws: everything is a function of (region, index, seed); a longer population begins with the shorter one; every number
has a right check and a birth date of 1880 to 1899, so that no living person holds it.

The first of a population are fixed, so that a demonstration and the tests may rely on them (see `Situation`):

    people 0-9     insured and taxed, full history 2023-01 to 2024-12; hold a driving licence; married 0-1, 2-3, ... 8-9
    people 0-4     own a home, person 0 owns two; people 5-9 own none
    person 3       bears a character outside the Basic Multilingual Plane (four bytes in GB18030)
    people 10-14   stand in the population only: every service says 'no such record'
    people 15-19   free, but 16-17 and 18-19 are married and 15 is not
    companies 0-9  hold a business licence; the identifier of company 9 has a wrong check character
    companies 10-14 hold none

Of every further kind of paper (see `holds`) people and companies 0-9 have one, 10-14 have none.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from adapters.simulation.identifiers import credit_code, elicence_identifier, resident_number
from adapters.simulation.places import BRANDS, GIVEN, RARE, RARE_BEYOND_BMP, REGIONS, STREETS, SURNAMES, TRADES

__all__ = [
    "Company",
    "CompanySituation",
    "Invoice",
    "Person",
    "Situation",
    "chance",
    "companies",
    "company_situation",
    "draw",
    "elicence_identifier",
    "forebear",
    "holds",
    "invoice",
    "people",
    "situation",
]

FULL_HISTORY = range(10)
UNKNOWN_PEOPLE = range(10, 15)
UNMARRIED_PEOPLE = range(10, 16)
BEARS_RARE_NAME = 3
WRONG_CHECK_COMPANY = 9
LICENSED_COMPANIES = range(10)
UNLICENSED_COMPANIES = range(10, 15)
FIXED = 20
INSURED, TAXED, DRIVING, MARRIED, LICENSED, WRONG_CHECKS = 0.8, 0.7, 0.6, 0.5, 0.95, 0.05
ABANDONED_DIVISIONS = 0.1
RARE_NAMES = 0.02
_FIRST_BIRTH = date(1880, 1, 1)
_LAST_BIRTH = date(1899, 12, 31)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who never lived. `number` has 18 characters; `division` is the living division of the address."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    sex: Literal["M", "F"]
    born: date = field(repr=False)
    division: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Company:
    """A company that never was. `code` is its unified social credit code (18)."""

    code: str
    name: str
    division: str
    address: str
    legal_person: Person
    established: date


@dataclass(frozen=True, slots=True)
class Situation:
    """What the registers of the region hold about a person; `spouse` is an index of the same population."""

    insured: bool
    taxed: bool
    full_history: bool
    homes: int
    drives: bool
    spouse: int | None


@dataclass(frozen=True, slots=True)
class CompanySituation:
    """Whether a company holds a business licence, and whether that licence's identifier has a wrong check."""

    licensed: bool
    wrong_check: bool


@dataclass(frozen=True, slots=True)
class Invoice:
    """The one invoice of a company that is asked about: its number (20 digits) and the day it was made out."""

    number: str
    issued: date


def draw(*parts: object) -> random.Random:
    """A source of chance that depends on `parts` alone, the same on every machine."""
    return random.Random(":".join(str(part) for part in parts))


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on `parts` alone."""
    return draw(*parts).random()


@lru_cache(maxsize=8)
def people(region: str, count: int, seed: int) -> tuple[Person, ...]:
    """The first `count` people of `region` ("440100" or "440600"); numbers are unique; KeyError for another region."""
    taken: set[str] = set()
    return tuple(_person(region, index, seed, taken) for index in range(count))


@lru_cache(maxsize=8)
def companies(region: str, count: int, seed: int) -> tuple[Company, ...]:
    """The first `count` companies of `region`; their legal persons come from people(region, max(count, 20), seed)."""
    residents = people(region, max(count, FIXED), seed)
    return tuple(_company(region, index, seed, residents) for index in range(count))


def situation(region: str, index: int, count: int, seed: int) -> Situation:
    """What is settled about person `index` of people(region, count, seed)."""
    if index in UNKNOWN_PEOPLE:
        return Situation(insured=False, taxed=False, full_history=False, homes=0, drives=False, spouse=None)
    spouse = _spouse(region, index, count, seed)
    if index in FULL_HISTORY:
        homes = (2, 1, 1, 1, 1, 0, 0, 0, 0, 0)[index]
        return Situation(insured=True, taxed=True, full_history=True, homes=homes, drives=True, spouse=spouse)
    lot = draw(region, seed, "situation", index)
    return Situation(
        insured=lot.random() < INSURED,
        taxed=lot.random() < TAXED,
        full_history=False,
        homes=lot.choices((0, 1, 2, 3), (40, 45, 12, 3))[0],
        drives=lot.random() < DRIVING,
        spouse=spouse,
    )


def company_situation(region: str, index: int, seed: int) -> CompanySituation:
    """What is settled about company `index` of companies(region, ..., seed)."""
    if index in LICENSED_COMPANIES:
        return CompanySituation(licensed=True, wrong_check=index == WRONG_CHECK_COMPANY)
    if index in UNLICENSED_COMPANIES:
        return CompanySituation(licensed=False, wrong_check=False)
    lot = draw(region, seed, "company-situation", index)
    return CompanySituation(licensed=lot.random() < LICENSED, wrong_check=lot.random() < WRONG_CHECKS)


def holds(region: str, seed: int, what: str, index: int, share: float) -> bool:
    """Whether person or company `index` has a paper of which a share of all have one: 0-9 do, 10-14 do not."""
    return index in FULL_HISTORY or (index not in UNKNOWN_PEOPLE and chance(region, seed, "holds", what, index) < share)


def forebear(region: str, index: int, seed: int, *, woman: bool) -> tuple[str, str]:
    """Name and number of the mother or the father of person `index`: born 1850 to 1869, and in no register themselves."""
    lot = draw(region, seed, "forebear", index, woman)
    born = date(1850, 1, 1) + timedelta(days=lot.randrange(7300))
    division = lot.choice(tuple(REGIONS[region].divisions))
    return _name(lot, rare=_rarely(lot)), resident_number(division, born, _sequence(lot, woman=woman))


def invoice(region: str, index: int, seed: int) -> Invoice:
    """The invoice of company `index`. That it has a number does not say that a register knows it."""
    lot = draw(region, seed, "invoice-number", index)
    issued = date(2023, 1, 1) + timedelta(days=lot.randrange(700))
    return Invoice(f"{issued:%y}44{lot.randrange(10**16):016d}", issued)


def _spouse(region: str, index: int, count: int, seed: int) -> int | None:
    pair = index // 2
    other = index ^ 1
    if other >= count or index in UNMARRIED_PEOPLE:
        return None
    if index < FIXED or chance(region, seed, "marriage", pair) < MARRIED:
        return other
    return None


def _person(region: str, index: int, seed: int, taken: set[str]) -> Person:
    lot = draw(region, seed, "person", index)
    # Neighbours are of different sex, so that any even index may be married to the next one.
    first_is_woman = chance(region, seed, "pair", index // 2) < 1 / 2
    woman = first_is_woman == (index % 2 == 0)
    place = REGIONS[region]
    division = lot.choice(tuple(place.divisions))
    born = _FIRST_BIRTH + timedelta(days=lot.randrange((_LAST_BIRTH - _FIRST_BIRTH).days + 1))
    registered_in = lot.choice(place.abandoned) if lot.random() < ABANDONED_DIVISIONS else division
    number = resident_number(registered_in, born, _sequence(lot, woman=woman))
    while number in taken:
        number = resident_number(registered_in, born, _sequence(lot, woman=woman))
    taken.add(number)
    return Person(
        number=number,
        name=_name(lot, rare=RARE_BEYOND_BMP if index == BEARS_RARE_NAME else _rarely(lot)),
        sex="F" if woman else "M",
        born=born,
        division=division,
        address=_address(lot, region, division) + f"{lot.randrange(1, 32)}0{lot.randrange(1, 9)}房",
    )


def _rarely(lot: random.Random) -> str:
    return lot.choice(RARE) if lot.random() < RARE_NAMES else ""


def _sequence(lot: random.Random, *, woman: bool) -> int:
    return 2 * lot.randrange(1, 499) + (not woman)


def _name(lot: random.Random, *, rare: str) -> str:
    given = "".join(lot.choices(GIVEN, k=lot.choice((1, 2, 2, 2))))
    surname: str = lot.choice(SURNAMES)
    return surname + (given[:-1] + rare if rare else given)


def _address(lot: random.Random, region: str, division: str) -> str:
    place = REGIONS[region]
    return f"广东省{place.name}{place.divisions[division]}{lot.choice(STREETS)}{lot.randrange(1, 400)}号"


def _company(region: str, index: int, seed: int, residents: tuple[Person, ...]) -> Company:
    lot = draw(region, seed, "company", index)
    place = REGIONS[region]
    division = lot.choice(tuple(place.divisions))
    # Nobody of 10-14 heads a company, since no register may know them.
    head = index if index in FULL_HISTORY else lot.randrange(FIXED - 4, max(index + 1, FIXED))
    return Company(
        code=credit_code("91", division, f"M9{index:06d}"),
        name=f"{place.name}{''.join(lot.choices(BRANDS, k=2))}{lot.choice(TRADES)}有限公司",
        division=division,
        address=_address(lot, region, division) + f"{lot.randrange(1, 30)}楼",
        legal_person=residents[head],
        established=date(1995, 1, 1) + timedelta(days=lot.randrange(10_000)),
    )
