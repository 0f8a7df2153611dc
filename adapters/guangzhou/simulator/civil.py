"""Birth certificates (出生医学证明) and certificates of disability (残疾人证) of G1.

Laws: a licence is a function of the register's seed; parents stand in no register (see `forebear`).
Interface: docs/interfaces/guangzhou.md, G1.
"""

from datetime import date, timedelta

from adapters.guangzhou.simulator.authorities import disabled_federation, hospital
from adapters.guangzhou.simulator.licences import BIRTH, DISABILITY, Issue, Licence, issued, mostly_fine, years_after
from adapters.guangzhou.simulator.register import REGION, Register
from adapters.simulation.places import REGIONS
from adapters.simulation.population import FIXED, forebear

_CERTIFIED, _DISABLED, _FATHERLESS, _GUARDED = 0.5, 0.4, 0.15, 0.3
_BIRTH_STATES = {"1": "ISSUED", "2": "ABOLISHED"}
_DISABILITY_STATES = {"0": "ISSUED", "1": "SUSPENDED", "2": "ABOLISHED"}
_SEXES = {"M": "1", "F": "2"}


def birth_certificate(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """出生医学证明 of the person who was born; those of long ago were issued anew when the registers were made electronic."""
    index = register.person_index(number, name)
    if index is None or not register.holds("birth", index, _CERTIFIED):
        return ()
    person, lot = register.people[index], register.lot("birth", index)
    issuer, day = hospital(person.division), date(2019, 1, 1) + timedelta(days=lot.randrange(2000))
    state = mostly_fine(lot, index, "1", ("2",))
    certificate = f"{lot.choice('OPQR')}44{lot.randrange(10**7):07d}"
    issue = Issue(
        item=BIRTH,
        issuer=issuer,
        number=certificate,
        holders=((person.name, person.number),),
        identity="10",
        issued=day,
        begins=day,
        ends=None,
        status=_BIRTH_STATES[state],
        serial=f"CS{certificate}",
    )
    mother = forebear(REGION, index, register.seed, woman=True)
    fatherless = index >= FIXED and lot.random() < _FATHERLESS
    father = (None, None) if fatherless else forebear(REGION, index, register.seed, woman=False)
    fields = {
        "BH": certificate,
        "XSEXM": person.name,
        "XSEZJHM": person.number,
        "XSEXB": _SEXES[person.sex],
        "CSSJ": f"{person.born:%Y-%m-%d} {lot.randrange(24):02d}:{lot.randrange(60):02d}",
        "CSD": f"广东省广州市{REGIONS[REGION].divisions[person.division]}",
        "CSYZ": lot.randrange(36, 42),
        "CSTZ": lot.randrange(2300, 4300, 10),
        "CSSC": lot.randrange(46, 54),
        "MQXM": mother[0],
        "MQZJHM": mother[1],
        "FQXM": father[0],
        "FQZJHM": father[1],
        "QFJG": issuer.name,
        "QFJGDM": issuer.code,
        "QFRQ": f"{day:%Y%m%d}",
        "ZT": state,
    }
    return (issued(issue, lot, index, fields),)


def disability_certificate(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """残疾人证: its number is the resident number with category and grade (20 digits)."""
    index = register.person_index(number, name)
    if index is None or not register.holds("disability", index, _DISABLED):
        return ()
    person, lot = register.people[index], register.lot("disability", index)
    issuer, day = disabled_federation(person.division), date(2017, 1, 1) + timedelta(days=lot.randrange(2900))
    category, grade = lot.choice("1234567"), lot.choice("1234")
    state = mostly_fine(lot, index, "0", ("1", "2"))
    issue = Issue(
        item=DISABILITY,
        issuer=issuer,
        number=f"{person.number}{category}{grade}",
        holders=((person.name, person.number),),
        identity="10",
        issued=day,
        begins=day,
        ends=years_after(day, 10),
        status=_DISABILITY_STATES[state],
        serial=f"CJ{day:%Y}{index:08d}",
    )
    fields = {
        "CJZH": issue.number,
        "XM": person.name,
        "SFZH": person.number,
        "XB": _SEXES[person.sex],
        "CSRQ": f"{person.born:%Y-%m-%d}",
        "CJLB": category,
        "CJDJ": grade,
        "JTZZ": person.address,
        "JHR": lot.choice(register.people).name if lot.random() < _GUARDED else None,
        "FZJG": issuer.name,
        "FZJGDM": issuer.code,
        "FZRQ": f"{day:%Y-%m-%d}",
        "YXQZ": f"{years_after(day, 10):%Y-%m-%d}",
        "ZT": state,
    }
    return (issued(issue, lot, index, fields),)
