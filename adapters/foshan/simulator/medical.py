"""Foshan's medical-insurance accounts (医保个人账户) as the insurance agency holds them, in the words of F3.5.

Laws: functions of (person, index, seed) alone; money in fen; a resident's insurance has no account, and so no transfers.
"""

from adapters.foshan.simulator.certificates import LAST_PAID, Month, Record, Subject, months_of
from adapters.foshan.simulator.licences import CLOSED, REGION
from adapters.simulation.places import REGIONS
from adapters.simulation.population import draw

_EMPLOYEE, _RESIDENT = "310", "390"
_STILL_INSURED, _EMPLOYED = 0.8, 0.85
# What of a month's base goes into the account, in thousandths: all that the person pays, and by age a part of what the unit pays.
_PERSON, _UNIT = 20, (3, 5, 8)


def account_transfers(subject: Subject, begin: Month, end: Month) -> Record | None:
    """The `output` of FS5203 with the rows of `begin` to `end`, both included; None where nobody of the number is insured."""
    if not subject.situation.insured:
        return None
    lot = draw(REGION, subject.seed, "medical", subject.index)
    full = subject.situation.full_history
    first = (2012 + lot.randrange(8), lot.randrange(1, 13))
    status = "1" if full or lot.random() < _STILL_INSURED else lot.choice("24")
    last = LAST_PAID if status == "1" else (2020 + lot.randrange(4), lot.randrange(1, 13))
    employed = full or lot.random() < _EMPLOYED
    employer = lot.choice(subject.companies)
    months = months_of(max(begin, first), min(end, last)) if employed else []
    share = lot.choice(_UNIT)
    rows = [_transfer(subject, month, employer.name, share) for month in months]
    district = REGIONS[REGION].divisions[subject.person.division]
    return {
        "docNo": f"FSYB{CLOSED:%Y%m%d}{subject.index:08d}",
        "agency": f"佛山市医疗保障局{district}分局",
        "makeTime": f"{CLOSED:%Y-%m-%d} {lot.randrange(8, 18):02d}:{lot.randrange(60):02d}:{lot.randrange(60):02d}",
        "psninfo": {
            "psnName": subject.person.name,
            "certno": subject.person.number,
            "insutype": _EMPLOYEE if employed else _RESIDENT,
            "psnInsuStas": status,
            "insuAdmdvs": f"佛山市{district}",
        },
        "acct": {"balc": lot.randrange(2_000_000) if employed else 0, "transferSum": sum(row["total"] for row in rows)},
        "transfers": rows,
    }


def _transfer(subject: Subject, month: Month, employer: str, share: int) -> Record:
    base = draw(REGION, subject.seed, "medical-base", subject.index, month[0]).randrange(300_000, 2_400_000)
    own, unit = (base * _PERSON + 500) // 1000, (base * share + 500) // 1000
    lot = draw(REGION, subject.seed, "medical-day", subject.index, *month)
    day = f"{month[0]}-{month[1]:02d}-{lot.randrange(10, 29):02d}"
    return {
        "accrym": "{}{:02d}".format(*month),
        "empName": employer,
        "base": base,
        "psnPart": own,
        "empPart": unit,
        "total": own + unit,
        "crtTime": f"{day} {lot.randrange(24):02d}:{lot.randrange(60):02d}:00",
    }
