"""Foshan's certificates as its three departments hold them: insurance, homes, income tax.

Laws: functions of (person, index, seed) alone; each department in its own form: insurance in fen, yyyyMM and yyyyMMdd;
homes with yyyy/MM/dd; tax in yuan with two decimals, yyyy-MM and yyyy-MM-dd. The interface page, F2.5 to F2.7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from adapters.foshan.simulator.licences import CLOSED, REGION
from adapters.simulation.places import REGIONS
from adapters.simulation.population import Company, Person, Situation, draw

Month = tuple[int, int]
Record = dict[str, Any]

LAST_PAID: Month = (2024, 12)
NO_HOME: Record = {"wfbz": "1", "total": 0, "fwxx": []}

# Kind, and the shares of person and unit in thousandths of the base.
_INSURANCES = (("01", 80, 160), ("02", 2, 8), ("03", 0, 2))
_STILL_INSURED = 0.8
_OTHER_INCOME_IN_A_MONTH = 0.08
_OTHER_INCOMES = ("02", "03", "04")
_SHARES = ("1/2", "1/3", "50%", "25%")
_STREETS = ("锦霞路", "竹丝巷", "望江大街", "紫荆路", "云桂路")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a department is asked about: the person, its index, what is settled of it, and who may employ it."""

    person: Person = field(repr=False)
    index: int
    situation: Situation
    companies: tuple[Company, ...] = field(repr=False)
    seed: int


def insured_proof(subject: Subject, begin: Month, end: Month) -> Record | None:
    """社会保险参保证明 with the rows of `begin` to `end`, both included; None where nobody of the number is insured."""
    if not subject.situation.insured:
        return None
    lot = draw(REGION, subject.seed, "insurance", subject.index)
    first = _first_month(subject, lot.randrange(156))
    left = _months_on(first, lot.randrange(12))
    last = LAST_PAID if subject.situation.full_history or lot.random() < _STILL_INSURED else min(LAST_PAID, left)
    employer = lot.choice(subject.companies)
    return {
        "personName": subject.person.name,
        "idNo": subject.person.number,
        "unitName": employer.name,
        "unitCreditCode": employer.code,
        "insureState": "1" if last == LAST_PAID else lot.choice("23"),
        "firstMonth": "{}{:02d}".format(*first),
        "paidMonths": _count(last) - _count(first) + 1,
        "agency": f"佛山市社会保险基金管理局{_district(subject)}分局",
        "printDate": f"{CLOSED:%Y%m%d}",
        "proofNo": f"FSSB{CLOSED:%Y%m%d}{subject.index:07d}",
        "payList": [row for month in months_of(max(begin, first), min(end, last)) for row in _insurance_rows(subject, month)],
    }


def house_record(subject: Subject) -> Record:
    """个人住房记录; the form of 'no such record' (`NO_HOME`) where the person owns none."""
    homes = subject.situation.homes
    if not homes:
        return NO_HOME
    return {
        "wfbz": "0",
        "total": homes,
        "fwxx": [_home(subject, which) for which in range(homes)],
        "xm": subject.person.name,
        "zjhm": subject.person.number,
        "cjjg": "佛山市不动产登记中心",
        "cjrq": f"{CLOSED:%Y/%m/%d}",
        "zmbh": f"FSFC-{CLOSED.year}-{subject.index:07d}",
    }


def income_tax(subject: Subject, begin: Month, end: Month) -> Record | None:
    """个人所得税缴纳清单 with the rows of `begin` to `end`, both included; None where nobody of the number pays tax."""
    if not subject.situation.taxed:
        return None
    lot = draw(REGION, subject.seed, "tax", subject.index)
    first = _first_month(subject, lot.randrange(72))
    employer = lot.choice(subject.companies)
    rows = [row for month in months_of(max(begin, first), min(end, LAST_PAID)) for row in _tax_rows(subject, employer, month)]
    return {
        "NSRXM": subject.person.name,
        "NSRSBH": subject.person.number,
        "MXLB": [row for row, _ in rows],
        "HJSE": _yuan(sum(tax for _, tax in rows)),
        "KJJG": "国家税务总局佛山市税务局",
        "KJRQ": f"{CLOSED:%Y-%m-%d}",
        "QDBH": f"{REGION}{CLOSED:%Y%m%d}{subject.index:06d}",
    }


def _insurance_rows(subject: Subject, month: Month) -> list[Record]:
    # The base is settled once a year, by the income of the year before.
    base = draw(REGION, subject.seed, "base", subject.index, month[0]).randrange(250_000, 2_500_000)
    return [
        {
            "month": "{}{:02d}".format(*month),
            "kind": kind,
            "payBase": base,
            "personPay": _share(base, person),
            "unitPay": _share(base, unit),
        }
        for kind, person, unit in _INSURANCES
    ]


def _home(subject: Subject, which: int) -> Record:
    lot = draw(REGION, subject.seed, "home", subject.index, which)
    division = lot.choice(tuple(REGIONS[REGION].divisions))
    district = REGIONS[REGION].divisions[division]
    house = f"{lot.choice(_STREETS)}{lot.randrange(1, 400)}号{lot.randrange(1, 32)}0{which + 1}房"
    year = lot.randrange(2016, 2025)
    area = lot.randrange(3_500, 20_000)
    married = subject.situation.spouse is not None
    home = {
        "bdcqzh": f"粤({year})佛{district[0]}不动产权第{lot.randrange(10_000_000):07d}号",
        "zl": f"广东省佛山市{district}{house}",
        "jzmj": f"{area // 100}.{area % 100:02d}",
        "ghyt": lot.choices(("11", "12", "13", "19"), (80, 12, 4, 4))[0],
        "gyqk": lot.choices("GAD", (70, 10, 20) if married else (5, 10, 85))[0],
        "djrq": f"{year}/{lot.randrange(1, 13):02d}/{lot.randrange(1, 29):02d}",
    }
    return {**home, "gyfe": lot.choice(_SHARES)} if home["gyqk"] == "A" else home


def _tax_rows(subject: Subject, employer: Company, month: Month) -> Iterator[tuple[Record, int]]:
    lot = draw(REGION, subject.seed, "tax", subject.index, *month)
    wages = lot.randrange(400_000, 4_000_000)
    yield _tax_row(month, "01", employer, wages, max(0, (wages - 500_000) * lot.randrange(3, 20) // 100))
    if lot.random() < _OTHER_INCOME_IN_A_MONTH:
        fee = lot.randrange(50_000, 800_000)
        yield _tax_row(month, lot.choice(_OTHER_INCOMES), lot.choice(subject.companies), fee, fee * 16 // 100)


def _tax_row(month: Month, item: str, payer: Company, income: int, tax: int) -> tuple[Record, int]:
    row = {
        "SKSSQ": "{}-{:02d}".format(*month),
        "SDXM": item,
        "KJYWRMC": payer.name,
        "SRE": _yuan(income),
        "YJSE": _yuan(tax),
        "ZGSWJG": f"国家税务总局佛山市{REGIONS[REGION].divisions[payer.division]}税务局",
    }
    return row, tax


def _first_month(subject: Subject, months: int) -> Month:
    # Whoever has the full history began before it does; the others at any time of the last years.
    return _months_on((2010, 1) if subject.situation.full_history else (2011, 6), months)


def months_of(first: Month, last: Month) -> list[Month]:
    """Every month from `first` to `last`, both included."""
    return [(count // 12, count % 12 + 1) for count in range(_count(first), _count(last) + 1)]


def _months_on(month: Month, months: int) -> Month:
    later = _count(month) + months
    return later // 12, later % 12 + 1


def _count(month: Month) -> int:
    return month[0] * 12 + month[1] - 1


def _share(fen: int, thousandths: int) -> int:
    return (fen * thousandths + 500) // 1000


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _district(subject: Subject) -> str:
    return REGIONS[REGION].divisions[subject.person.division]
