"""Foshan's birth certificates (出生医学证明) and certificates of disability (残疾人证), in the words of F1.9.

Laws: functions of (person, index, seed) alone; parents stand in no register (see `forebear`); what is not recorded is not there.
"""

from datetime import date

from adapters.foshan.simulator.licences import (
    BIRTH_CERTIFICATE,
    CLOSED,
    DISABILITY_CERTIFICATE,
    FIXED,
    NO_END,
    REGION,
    SEXES,
    TRUST_LEVELS,
    Issue,
    Licence,
    between,
    day_of,
    district,
    info_of,
    state_of,
    years_on,
)
from adapters.simulation.identifiers import credit_code
from adapters.simulation.population import Person, draw, forebear

_FATHERLESS, _GUARDED = 0.15, 0.3
_CATEGORIES = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")
_GRADES = ("一级", "二级", "三级", "四级")
_BIRTH_STATES = (("有效", 92, "1"), ("换发作废", 8, "2"))
_DISABILITY_STATES = (("正常", 88, "1"), ("冻结", 6, "3"), ("注销", 6, "2"))


def birth_certificate(person: Person, index: int, seed: int) -> Licence:
    """出生医学证明 of the person who was born; those of long ago were issued anew when the registers were made electronic."""
    lot = draw(REGION, seed, "birth", index)
    issued = between(lot, date(2019, 1, 1), CLOSED)
    own_state, state = state_of(lot, _BIRTH_STATES, index)
    number = f"{lot.choice('PQRS')}{REGION[:4]}{lot.randrange(10**5):05d}"
    issue = Issue(
        type_code=BIRTH_CERTIFICATE,
        number=number,
        issuer=f"佛山市{district(person.division)}妇幼保健院",
        issuer_code=credit_code("12", person.division, "M0000014"),
        serial=f"FS{number}",
        issued=issued,
        begins=issued,
        ends=NO_END,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    mother, father = (forebear(REGION, index, seed, woman=woman) for woman in (True, False))
    data = {
        "XB": {"M": "男", "F": "女"}[person.sex],
        "CSRQ": f"{person.born:%Y-%m-%d}",
        "CSDD": f"广东省佛山市{district(person.division)}",
        "YZ": str(lot.randrange(36, 42)),
        "TZ": str(lot.randrange(2300, 4300, 10)),
        "SC": str(lot.randrange(46, 54)),
        "MQXM": mother[0],
        "MQZJHM": mother[1],
        "ZT": own_state,
    }
    if index < FIXED or lot.random() >= _FATHERLESS:
        data |= {"FQXM": father[0], "FQZJHM": father[1]}
    return Licence(info_of(issue, (person.name,), (person.number,), "111"), data)


def disability_certificate(person: Person, index: int, seed: int) -> Licence:
    """残疾人证: its number is the resident number with category and grade (20 digits)."""
    lot = draw(REGION, seed, "disability", index)
    issued = between(lot, date(2016, 1, 1), CLOSED)
    own_state, state = state_of(lot, _DISABILITY_STATES, index)
    category, grade = lot.randrange(7), lot.randrange(4)
    issue = Issue(
        type_code=DISABILITY_CERTIFICATE,
        number=f"{person.number}{category + 1}{grade + 1}",
        issuer=f"佛山市{district(person.division)}残疾人联合会",
        issuer_code=credit_code("13", person.division, "M0000015"),
        serial=f"FS{issued.year}{index:06d}",
        issued=issued,
        begins=issued,
        ends=day_of(years_on(issued, 10)),
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    data = {
        "XBDM": SEXES[person.sex],
        "CSRQ": day_of(person.born),
        "CJLB": _CATEGORIES[category],
        "CJDJ": _GRADES[grade],
        "JTZZ": person.address,
        "CJRZT": own_state,
    }
    if index == 0 or lot.random() < _GUARDED:
        data["JHRXM"] = forebear(REGION, index, seed, woman=False)[0]
    return Licence(info_of(issue, (person.name,), (person.number,), "111"), data)
