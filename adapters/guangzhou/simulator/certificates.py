"""The records behind the three certificates of G2, in the words of the three bureaus.

Laws: a record is a function of the register's seed, the person and the months asked; money is counted in fen until it
is written; None means that the bureau knows nobody, which is not the same as a record with an empty list.
Interface: docs/interfaces/guangzhou.md, G2.
"""

import random
from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import INSURANCE_FUND, LAND_REGISTRY, TAX_BUREAU, tax_office
from adapters.guangzhou.simulator.register import REGION, Month, Register, worked
from adapters.simulation.places import REGIONS, STREETS
from adapters.simulation.population import Company

# Kind of insurance: what the person and the unit pay, in thousandths of the base.
_INSURANCES = {"110": (80, 150), "210": (2, 8), "410": (0, 2)}
_MORE_INCOMES = ("0400", "0500", "0802")
_FLAT_RATE = 20
_MONTHLY_ALLOWANCE = 500_000


def _day(lot: random.Random, first: date, days: int) -> date:
    return first + timedelta(days=lot.randrange(days))


def insurance_proof(register: Register, index: int, first: Month, last: Month) -> dict[str, Any] | None:
    """The social-insurance proof (社会保险参保证明) of person `index`, rows within `first` to `last`."""
    situation = register.situation(index)
    if not situation.insured:
        return None
    lot = register.lot("insurance", index)
    begun, ended = worked(lot, full=situation.full_history)
    base = lot.randrange(528_400, 2_000_000, 25)
    person, unit = register.people[index], register.employer(index)
    rows = [
        _contribution(month, kind, base + 32_050 * (month.year - begun.year))
        for month in max(begun, first).until(min(ended, last))
        for kind in _INSURANCES
    ]
    return {
        "aac003": person.name,
        "aac002": person.number,
        "aab004": unit.name,
        "bab010": unit.code,
        "aac031": "1" if situation.full_history else lot.choice("1123"),
        "aac049": begun.compact,
        "aae201": sum(1 for _ in begun.until(ended)),
        "aab300": INSURANCE_FUND.name,
        "bab301": INSURANCE_FUND.code,
        "aae036": f"{_day(lot, date(2025, 6, 1), 30):%Y%m%d}",
        "bae007": f"GZSB{lot.randrange(10**16):016d}",
        "aae041": first.compact,
        "aae042": last.compact,
        "list": rows,
    }


def _contribution(month: Month, kind: str, base: int) -> dict[str, Any]:
    own, unit = ((base * share + 500) // 1000 for share in _INSURANCES[kind])
    return {
        "aae003": month.compact,
        "aae140": kind,
        "aac040": base / 100 if base % 100 else base // 100,
        "aae022": f"{own // 100}.{own % 100:02d}",
        "aae020": f"{unit // 100}.{unit % 100:02d}",
    }


def housing_record(register: Register, index: int) -> dict[str, Any] | None:
    """The housing record (个人住房记录) of person `index`; None where the person owns no home."""
    homes = register.situation(index).homes
    if not homes:
        return None
    lot = register.lot("housing", index)
    person = register.people[index]
    rows = sorted((_home(lot) for _ in range(homes)), key=lambda row: str(row["djsj"]))
    return {
        "qlrmc": person.name,
        "qlrzjh": person.number,
        "cjjg": LAND_REGISTRY.name,
        "cjjgdm": LAND_REGISTRY.code,
        "cjrq": f"{_day(lot, date(2025, 6, 1), 30):%Y-%m-%d}",
        "zmbh": f"GZFC{lot.randrange(10**14):014d}",
        "fwts": homes,
        "fwlb": rows,
    }


def _home(lot: random.Random) -> dict[str, Any]:
    registered = _day(lot, date(2016, 1, 1), 3200)
    district = lot.choice(tuple(REGIONS[REGION].divisions.values()))
    street = f"广州市{district}{lot.choice(STREETS)}{lot.randrange(1, 300)}号"
    return {
        "bdcqzh": f"粤({registered.year})广州市不动产权第{lot.randrange(10**8):08d}号",
        "zl": f"{street}{lot.randrange(2, 32)}0{lot.randrange(1, 9)}房",
        "jzmj": lot.randrange(3_500, 21_000) / 100,
        "ghyt": lot.choices(("11", "12", "13", "21"), (85, 8, 2, 5))[0],
        "gyqk": lot.choice("012"),
        "djsj": f"{registered:%Y%m%d}",
    }


def income_tax_statement(register: Register, index: int, first: Month, last: Month) -> dict[str, Any] | None:
    """The income-tax statement (个人所得税缴纳清单) of person `index`, rows within `first` to `last`."""
    situation = register.situation(index)
    if not situation.taxed:
        return None
    lot = register.lot("tax", index)
    begun, ended = worked(lot, full=situation.full_history)
    salary = lot.randrange(450_000, 4_000_000)
    issued, number = _day(lot, date(2025, 6, 1), 30), f"44{lot.randrange(10**16):016d}"
    rows = [
        row
        for month in max(begun, first).until(min(ended, last))
        for row in _incomes(register, index, month, salary + 15_000 * (month.year - begun.year))
    ]
    person = register.people[index]
    return {
        "xm": person.name,
        "zjhm": person.number,
        "sksqq": first.dashed,
        "sksqz": last.dashed,
        "srehj": sum(row["sre"] for row in rows),
        "yjsehj": sum(row["yjse"] for row in rows),
        "kjjg": TAX_BUREAU.name,
        "kjjgdm": TAX_BUREAU.code,
        "kjrq": f"{issued:%Y%m%d}",
        "pzbh": number,
        "mxlb": rows,
    }


def _incomes(register: Register, index: int, month: Month, salary: int) -> list[dict[str, Any]]:
    payer = register.employer(index)
    # A month's own chance, so that its rows are the same whichever range is asked.
    lot = register.lot(f"tax-{month.compact}", index)
    rows = [_income(month, "0101", payer, salary, max(0, salary - _MONTHLY_ALLOWANCE) // 10)]
    if lot.random() < 1 / 8:
        other = lot.choice(register.companies)
        gross = lot.randrange(80_000, 900_000)
        kind = lot.choice(_MORE_INCOMES)
        rows.append(_income(month, kind, other, gross, gross * _FLAT_RATE // 100))
    return rows


def _income(month: Month, kind: str, payer: Company, gross: int, tax: int) -> dict[str, Any]:
    return {
        "sksq": month.dashed,
        "sdxm": kind,
        "kjywrmc": payer.name,
        "sre": gross,
        "yjse": tax,
        "zgswjg": tax_office(payer.division).name,
    }
