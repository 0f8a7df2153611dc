"""The proof of housing provident fund deposits (住房公积金缴存证明) as Guangzhou's centre holds it, in the words of G2.

Laws: a record is a function of the register's seed, the person and the months asked; money is counted in fen until it is written.
Interface: docs/interfaces/guangzhou.md, G2.
"""

from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import FUND_CENTRE
from adapters.guangzhou.simulator.register import Month, Register, worked

_RATES = (50, 70, 75, 120)
"""In thousandths of the base."""


def deposit_proof(register: Register, index: int, first: Month, last: Month) -> dict[str, Any] | None:
    """The proof of person `index`, rows within `first` to `last`; None where the centre has no account."""
    situation = register.situation(index)
    if not situation.insured:
        return None
    lot = register.lot("fund", index)
    begun, ended = worked(lot, full=situation.full_history)
    person, unit = register.people[index], register.employer(index)
    base, own, theirs = lot.randrange(230_000, 3_800_000, 25), lot.choice(_RATES), lot.choice(_RATES)
    return {
        "xm": person.name,
        "zjhm": person.number,
        "grzh": f"{lot.randrange(10**11):011d}",
        "dwmc": unit.name,
        "dwxydm": unit.code,
        "grzhzt": "01" if situation.full_history else lot.choice(("01", "01", "02", "09")),
        "khrq": f"{begun.compact}{lot.randrange(1, 29):02d}",
        "grzhye": _number(lot.randrange(30_000_000)),
        "grjcjs": _number(base),
        "grjcbl": _percent(own),
        "dwjcbl": _percent(theirs),
        "jcmx": [_deposit(month, base, own, theirs) for month in max(begun, first).until(min(ended, last))],
        "zxmc": FUND_CENTRE.name,
        "kjrq": (date(2025, 6, 1) + timedelta(days=lot.randrange(30))).isoformat(),
        "zmbh": f"GZGJJ{lot.randrange(10**12):012d}",
    }


def _deposit(month: Month, base: int, own: int, theirs: int) -> dict[str, Any]:
    # Deposits are in whole yuan, rounded up.
    person, unit = (-(-base * rate // 100_000) * 100 for rate in (own, theirs))
    return {
        "jcny": month.compact,
        "grjce": _text(person),
        "dwjce": _text(unit),
        "hjje": _text(person + unit),
        "dzrq": f"{month.compact}{10 + month.number:02d}",
    }


def _number(fen: int) -> int | float:
    return fen / 100 if fen % 100 else fen // 100


def _percent(thousandths: int) -> int | float:
    return thousandths / 10 if thousandths % 10 else thousandths // 10


def _text(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
