"""The medical-insurance account statement (医保个人账户划拨清单) as Guangzhou's insurance bureau holds it, in the words of G2.

Laws: a record is a function of the register's seed, the person and the months asked; money is counted in fen until it is written; a
resident's insurance has no account, and so no transfers. Interface: docs/interfaces/guangzhou.md, G2.
"""

from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import MEDICAL_BUREAU
from adapters.guangzhou.simulator.register import REGION, Month, Register, worked
from adapters.simulation.places import REGIONS

_EMPLOYED = 0.85
_PERSON, _UNIT = 20, (2, 4, 7)


def medical_statement(register: Register, index: int, first: Month, last: Month) -> dict[str, Any] | None:
    """The statement of person `index`, rows within `first` to `last`; None where the bureau knows nobody."""
    situation = register.situation(index)
    if not situation.insured:
        return None
    lot = register.lot("medical", index)
    begun, ended = worked(lot, full=situation.full_history)
    employed = situation.full_history or lot.random() < _EMPLOYED
    base, share = lot.randrange(460_000, 2_700_000, 25), lot.choice(_UNIT)
    issued = date(2025, 6, 1) + timedelta(days=lot.randrange(30))
    person, unit = register.people[index], register.employer(index)
    months = max(begun, first).until(min(ended, last)) if employed else ()
    rows = [_transfer(month, unit.name, base + 21_075 * (month.year - begun.year), share) for month in months]
    return {
        "psn_name": person.name,
        "certno": person.number,
        "insutype": "31" if employed else "39",
        "psn_insu_stas": "A" if situation.full_history else lot.choice("AAPT"),
        "insu_admdvs_name": f"{REGIONS[REGION].name}{REGIONS[REGION].divisions[person.division]}",
        "acct_balc": _number(lot.randrange(3_000_000) if employed else 0),
        "trns_sum": _number(sum(fen for _, fen in rows)),
        "jbjg": MEDICAL_BUREAU.name,
        "jbjgdm": MEDICAL_BUREAU.code,
        "prt_date": issued.isoformat(),
        "doc_no": f"GZYB{lot.randrange(10**14):014d}",
        "trns_list": [row for row, _ in rows],
    }


def _transfer(month: Month, employer: str, base: int, share: int) -> tuple[dict[str, Any], int]:
    own, unit = (base * _PERSON + 500) // 1000, (base * share + 500) // 1000
    credited = month.plus(1)
    row = {
        "ym": month.compact,
        "emp_name": employer,
        "clct_base": _number(base),
        "psn_amt": _text(own),
        "emp_amt": _text(unit),
        "amt": _text(own + unit),
        "acct_date": f"{credited.compact}{5 + month.number:02d}",
    }
    return row, own + unit


def _number(fen: int) -> int | float:
    return fen / 100 if fen % 100 else fen // 100


def _text(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
