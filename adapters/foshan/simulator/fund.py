"""Foshan's proof of housing provident fund deposits (住房公积金缴存证明) as the centre holds it, in the words of F2.8.

Laws: a function of (person, index, seed) alone; money in fen, days yyyy/MM/dd, rates in percent.
"""

from adapters.foshan.simulator.certificates import LAST_PAID, Month, Record, Subject, months_of
from adapters.foshan.simulator.licences import CLOSED, REGION
from adapters.simulation.population import draw

_RATES = (50, 80, 105, 120)


def deposit_proof(subject: Subject, begin: Month, end: Month) -> Record | None:
    """The proof with the rows of `begin` to `end`, both included; None where nobody of the number has an account."""
    if not subject.situation.insured:
        return None
    lot = draw(REGION, subject.seed, "fund", subject.index)
    first = (2011 + lot.randrange(10), lot.randrange(1, 13))
    state = "0" if subject.situation.full_history else lot.choice("00012")
    last = LAST_PAID if state == "0" else (2021 + lot.randrange(4), lot.randrange(1, 13))
    employer = lot.choice(subject.companies)
    base, own, theirs = lot.randrange(190_000, 3_500_000), lot.choice(_RATES), lot.choice(_RATES)
    return {
        "name": subject.person.name,
        "idCard": subject.person.number,
        "accountNo": f"FS{lot.randrange(10**10):010d}",
        "unit": employer.name,
        "unitCode": employer.code,
        "state": state,
        "openDate": f"{first[0]}/{first[1]:02d}/{lot.randrange(1, 29):02d}",
        "balance": lot.randrange(25_000_000),
        "base": base,
        "psnRate": _percent(own),
        "unitRate": _percent(theirs),
        "center": "佛山市住房公积金管理中心",
        "certDate": f"{CLOSED:%Y/%m/%d}",
        "certNo": f"FSGJJ-{CLOSED.year}-{subject.index:08d}",
        "rows": [_row(month, base, own, theirs) for month in months_of(max(begin, first), min(end, last))],
    }


def _row(month: Month, base: int, own: int, theirs: int) -> Record:
    person, unit = ((base * rate + 500) // 1000 for rate in (own, theirs))
    return {
        "ym": "{}-{:02d}".format(*month),
        "psn": person,
        "unit": unit,
        "sum": person + unit,
        "date": f"{month[0]}/{month[1]:02d}/20",
    }


def _percent(thousandths: int) -> str:
    return f"{thousandths // 10}.{thousandths % 10}0"
