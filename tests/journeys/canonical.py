"""Evidence as plain values, so that an answer and a city's own record can be laid side by side.

Laws: nothing here knows the gateway's tables; an expected paper is made by hand in records_guangzhou.py and records_foshan.py.
Money is a text in yuan with two decimals, a coded value the canonical code with the code that the city used, decimals are numbers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any

from adapters.simulation.population import FIXED, Company, CompanySituation, Invoice, Person, Situation
from gateway.client import Coded, Paper, Rows, Value

Plain = dict[str, Any]
Months = tuple[str, str]
"""First and last month, YYYY-MM."""

COMMON = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to", "status")
DECIMALS = frozenset({"floor_area", "personal_rate", "employer_rate", "quantity", "tax_rate"})
CODES = {
    "social-insurance-proof": ("11100000M00000035K201", "社会保险参保证明"),
    "housing-record": ("11100000M00000035K202", "个人住房记录"),
    "income-tax-statement": ("11100000M00000035K203", "个人所得税缴纳清单"),
    "medical-insurance-statement": ("11100000M00000035K204", "医保个人账户划拨清单"),
    "provident-fund-statement": ("11100000M00000035K205", "住房公积金缴存证明"),
    "traffic-fine-record": ("11100000M00000035K206", "交通违法罚款记录"),
    "tax-payment-proof": ("11100000M00000035K207", "完税证明"),
    "invoice-check": ("11100000M00000035K208", "发票查验"),
    "vehicle-tax-record": ("11100000M00000035K209", "车船税缴纳记录"),
    "business-licence": ("11100000M00000035K101", "营业执照"),
    "driving-licence": ("11100000M00000035K102", "机动车驾驶证"),
    "marriage-certificate": ("111000000000131433001", "结婚证"),
    "real-estate-title": ("11100000MB03271699001", "不动产权证书"),
    "vehicle-licence": ("11100000M00000035K103", "机动车行驶证"),
    "birth-certificate": ("11100000M00000035K104", "出生医学证明"),
    "food-business-licence": ("11100000M00000035K105", "食品经营许可证"),
    "school-operating-licence": ("11100000M00000035K106", "民办学校办学许可证"),
    "disability-certificate": ("11100000M00000035K107", "残疾人证"),
}
KINDS = tuple(CODES)
E_LICENCES = (
    "business-licence",
    "driving-licence",
    "marriage-certificate",
    "real-estate-title",
    "vehicle-licence",
    "birth-certificate",
    "food-business-licence",
    "school-operating-licence",
    "disability-certificate",
)
CERTIFICATES = tuple(kind for kind in KINDS if kind not in E_LICENCES)
OF_COMPANIES = frozenset({"business-licence", "invoice-check", "food-business-licence", "school-operating-licence"})
OF_EITHER = frozenset({"tax-payment-proof", "vehicle-tax-record", "vehicle-licence"})
WRONG_CHECK = ("IDENTIFIER_CHECK_FAILED", "identifier")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OID = "1.2.156.3005.2."


@dataclass(frozen=True)
class Truth:
    """One city's own records, in canonical words. `papers` of (kind, holder's number, months): empty means that there are none.

    `oddities` names what is peculiar about how the city spells the holder's record; `situation` and `standing` say what is settled
    about the person or the company with this index.
    """

    region: str
    people: tuple[Person, ...] = field(repr=False)
    companies: tuple[Company, ...] = field(repr=False)
    papers: Callable[[str, str, Months], tuple[Plain, ...]]
    oddities: Callable[[str, str], frozenset[str]]
    situation: Callable[[int], Situation]
    standing: Callable[[int], CompanySituation]
    invoice: Callable[[int], Invoice]

    def holders(self, kind: str) -> tuple[Person | Company, ...]:
        """Everybody who may hold a paper of this kind; of people and companies the settled ones first, then by turns."""
        if kind in OF_EITHER:
            return self._either
        return self.companies if kind in OF_COMPANIES else self.people

    @cached_property
    def _either(self) -> tuple[Person | Company, ...]:
        by_turns = chain.from_iterable(zip(self.people[FIXED:], self.companies[FIXED:], strict=False))
        return (*self.people[:FIXED], *self.companies[:FIXED], *by_turns)

    def invoice_of(self, code: str) -> Invoice:
        """The invoice that this seller is asked about; of a seller that is none, one that nobody has."""
        return self.invoice(self._places.get(code, len(self.companies)))

    @cached_property
    def living(self) -> frozenset[str]:
        """The divisions where its people live: whatever else a number begins with is no division any more."""
        return frozenset(each.division for each in self.people)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {each.code: place for place, each in enumerate(self.companies)}


def number_of(holder: Person | Company) -> str:
    """The number that a holder is asked for by."""
    return holder.number if isinstance(holder, Person) else holder.code


def expected(kind: str, holders: list[tuple[str, str, str, str]], **values: Any) -> Plain:
    """A paper of this kind; what is not named is not on it. `holders`: name, type of number, number, role."""
    code, name = CODES[kind]
    wrong = "identifier" in values and not check_fits(values["identifier"])
    common = {"type": code, "name": name, **dict.fromkeys(COMMON, "")}
    return {**common, "holders": holders, "findings": [WRONG_CHECK] if wrong else [], **values}


def coded(meanings: dict[str, str], said: str) -> tuple[str, str]:
    """The canonical code and the city's own."""
    return meanings[said], said


def money(yuan: Decimal) -> str:
    """As every answer writes money. An amount with parts of a fen is a mistake of this conversion."""
    text = f"{yuan:.2f}"
    assert Decimal(text) == yuan, "an amount does not end at the fen"
    return text


def day(text: str) -> str:
    """Any of the cities' spellings of a day, in their order of year, month and day, as ISO 8601."""
    found = re.fullmatch(r"(\d{4})\D?(\d\d)\D?(\d\d)\D?", text)
    assert found is not None, "a day is spelt otherwise"
    return "-".join(found.groups())


def month(text: str) -> str:
    """yyyyMM or yyyy-MM as YYYY-MM."""
    return f"{text[:4]}-{text[-2:]}"


def check_fits(identifier: str) -> bool:
    """Whether the check character fits: with it, the sum of ISO/IEC 7064 MOD 37,36 is 1 (GB/T 36904)."""
    signs = identifier.removeprefix(_OID).replace(".", "")
    rest = 36
    for sign in signs[:-1]:
        rest = ((rest + _BASE36.index(sign)) % 36 or 36) * 2 % 37
    return (rest + _BASE36.index(signs[-1])) % 36 == 1


def plain(paper: Paper) -> Plain:
    """The paper of an answer in the form of `expected`."""
    return {
        "type": paper.type,
        "name": paper.name,
        **{name: getattr(paper, name) for name in COMMON},
        "holders": [(each.name, each.id_type, each.id_number, each.role) for each in paper.holders],
        "findings": list(paper.findings),
        **{name: _value(name, value) for name, value in paper.fields.items()},
    }


def _value(name: str, value: Value) -> Any:
    if isinstance(value, Coded):
        return value.code, value.text
    if isinstance(value, Rows):
        return [{column: _value(column, cell) for column, cell in row.items()} for row in value.rows]
    return Decimal(value) if name in DECIMALS and isinstance(value, str) else value
