"""Foshan's e-licences as its licence library holds them: the elements of certInfo and the keys of certData.

Laws: functions of (person or company, index, seed) alone; every value is text in the city's own form: dates yyyyMMdd,
99991231 for 'no end', capital in wan-yuan, several holders joined by "^".
Standard: element names after GB/T 36903, identifiers after GB/T 36904. The interface page, F1.8 and F1.9.
"""

import random
import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

from adapters.simulation.identifiers import credit_code, elicence_identifier
from adapters.simulation.places import REGIONS
from adapters.simulation.population import Company, Person, draw

REGION = "440600"
BUSINESS_LICENCE = "11100000M00000035K101"
DRIVING_LICENCE = "11100000M00000035K102"
MARRIAGE_CERTIFICATE = "111000000000131433001"
REAL_ESTATE_TITLE = "11100000MB03271699001"
VEHICLE_LICENCE = "11100000M00000035K103"
BIRTH_CERTIFICATE = "11100000M00000035K104"
FOOD_BUSINESS_LICENCE = "11100000M00000035K105"
SCHOOL_OPERATING_LICENCE = "11100000M00000035K106"
DISABILITY_CERTIFICATE = "11100000M00000035K107"
CLOSED = date(2025, 1, 15)

NO_END = "99991231"
_MARRIAGE_NUMBER = re.compile(r"J[0-9]{6}-[0-9]{4}-([0-9]{6})")
_WITHOUT_END = 0.6
_REMARKED = 0.2
FIXED = 20
TITLES = {
    BUSINESS_LICENCE: "中华人民共和国营业执照",
    DRIVING_LICENCE: "中华人民共和国机动车驾驶证",
    MARRIAGE_CERTIFICATE: "中华人民共和国结婚证",
    REAL_ESTATE_TITLE: "中华人民共和国不动产权证书",
    VEHICLE_LICENCE: "中华人民共和国机动车行驶证",
    BIRTH_CERTIFICATE: "出生医学证明",
    FOOD_BUSINESS_LICENCE: "食品经营许可证",
    SCHOOL_OPERATING_LICENCE: "中华人民共和国民办学校办学许可证",
    DISABILITY_CERTIFICATE: "中华人民共和国残疾人证",
}
SEXES = {"M": "1", "F": "2"}
TRUST_LEVELS = ("A", "A", "B", "C", "D", "")
_COMPANY_TYPES = ("1130", "1150", "1190", "1219")
_TRADES = (
    "建筑陶瓷销售",
    "货物进出口",
    "道路货物运输",
    "餐饮服务",
    "家具制造",
    "软件开发",
    "纺织品批发",
    "信息咨询服务",
)
_CLASSES = ("C1", "C1", "C1", "C2", "B2", "C1D", "C1E", "A1A2")
# The register's own state, its weight in the population, and the state of the licence that follows from it.
_BUSINESS_STATES = (("01", 90, "1"), ("02", 3, "2"), ("03", 5, "2"), ("04", 2, "2"))
_DRIVING_STATES = (("00", 88, "1"), ("01", 2, "3"), ("02", 3, "3"), ("03", 3, "4"), ("04", 2, "2"), ("05", 2, "2"))
_MARRIAGE_STATES = (("10", 85, "1"), ("20", 10, "1"), ("30", 5, "2"))


@dataclass(frozen=True, slots=True)
class Licence:
    """One e-licence: `info` the elements of certInfo but for certData, in their order; `data` the keys of certData."""

    info: dict[str, str] = field(repr=False)
    data: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issue:
    """What the elements of certInfo say but for the holders; `ends` is a date as written, or 99991231."""

    type_code: str
    number: str
    issuer: str
    issuer_code: str
    serial: str
    issued: date
    begins: date
    ends: str
    state: str
    trust: str
    wrong_check: bool = False


def business_licence(company: Company, index: int, seed: int, *, wrong_check: bool) -> Licence:
    """营业执照 of company `index`; its identifier has a wrong check character where `wrong_check` says so."""
    lot = draw(REGION, seed, "business-licence", index)
    approved = between(lot, company.established, CLOSED)
    ends = NO_END if lot.random() < _WITHOUT_END else day_of(years_on(company.established, 50))
    own_state, state = state_of(lot, _BUSINESS_STATES, index)
    issue = Issue(
        type_code=BUSINESS_LICENCE,
        number=company.code,
        issuer=f"佛山市{district(company.division)}市场监督管理局",
        issuer_code=credit_code("11", company.division, "M0000010"),
        serial=f"FS{approved.year}{index:06d}",
        issued=approved,
        begins=company.established,
        ends=ends,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
        wrong_check=wrong_check,
    )
    data = {
        "QYMC": company.name,
        "TYSHXYDM": company.code,
        "LXDM": lot.choice(_COMPANY_TYPES),
        "FDDBR": company.legal_person.name,
        "ZCZB": _wan(lot.choice((100_000, 1_000_000, 5_000_000, lot.randrange(10_000, 90_000_000)))),
        "CLRQ": day_of(company.established),
        "YYQXQ": day_of(company.established),
        "YYQXZ": ends,
        "ZS": company.address,
        "JYFW": "；".join(lot.sample(_TRADES, 2)),
        "HZRQ": day_of(approved),
        "DJZT": own_state,
    }
    return Licence(info_of(issue, (company.name,), (company.code,), "001"), data)


def driving_licence(person: Person, index: int, seed: int) -> Licence:
    """机动车驾驶证 of person `index`."""
    lot = draw(REGION, seed, "driving-licence", index)
    first = between(lot, date(2003, 1, 1), date(2014, 12, 31))
    own_state, state = state_of(lot, _DRIVING_STATES, index)
    begins, ends = _driving_term(first, own_state, lot)
    issue = Issue(
        type_code=DRIVING_LICENCE,
        number=person.number,
        issuer="佛山市公安局交通警察支队",
        issuer_code=credit_code("11", REGION, "M0000011"),
        serial=f"FS{begins.year}{index:06d}",
        issued=begins,
        begins=begins,
        ends=ends,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    data = {
        "XBDM": SEXES[person.sex],
        "GJDM": "156",
        "ZZ": person.address,
        "CSRQ": day_of(person.born),
        "CCLZRQ": day_of(first),
        "ZJCX": lot.choice(_CLASSES),
        "YXQQ": day_of(begins),
        "YXQZ": ends,
        "DABH": f"{REGION}{lot.randrange(1_000_000):06d}",
        "JSZZT": own_state,
        "LJJF": str(lot.randrange(12, 24) if own_state == "01" else lot.randrange(12)),
    }
    return Licence(info_of(issue, (person.name,), (person.number,), "111"), data)


def marriage_certificate(couple: tuple[Person, Person], pair: int, seed: int) -> Licence:
    """结婚证 of the couple of people 2 * `pair` and 2 * `pair` + 1, in this order."""
    lot = draw(REGION, seed, "marriage-certificate", pair)
    registered = between(lot, date(2000, 1, 1), date(2022, 12, 31))
    own_state, state = state_of(lot, _MARRIAGE_STATES, 2 * pair)
    issued = between(lot, registered, CLOSED) if own_state == "20" else registered
    division = couple[0].division
    number = f"J{division}-{registered.year}-{pair:06d}"
    issue = Issue(
        type_code=MARRIAGE_CERTIFICATE,
        number=number,
        issuer=f"佛山市{district(division)}民政局",
        issuer_code=credit_code("11", division, "M0000012"),
        serial=f"FS{issued.year}{pair:06d}",
        issued=issued,
        begins=registered,
        ends=NO_END,
        state=state,
        trust=lot.choice(TRUST_LEVELS),
    )
    data = {
        "JHZZH": number,
        "XBDM": "^".join(SEXES[person.sex] for person in couple),
        "DJRQ": day_of(registered),
        "HYZT": own_state,
    }
    remarked = lot.random() < _REMARKED
    if own_state == "20" or remarked:
        data["BZ"] = "补领婚姻登记证件" if own_state == "20" else "档案已数字化"
    names = (couple[0].name, couple[1].name)
    return Licence(info_of(issue, names, (couple[0].number, couple[1].number), "111"), data)


def pair_of(number: str) -> int | None:
    """The pair that a 结婚证字号 speaks of; None where the number has another form. It may still be nobody's."""
    found = _MARRIAGE_NUMBER.fullmatch(number)
    return int(found[1]) if found else None


def info_of(issue: Issue, names: tuple[str, ...], numbers: tuple[str, ...], holder_type: str) -> dict[str, str]:
    """The elements of certInfo, of one holder or several."""
    identifier = elicence_identifier(issue.type_code, issue.issuer_code, issue.serial, wrong_check=issue.wrong_check)
    return {
        "ZZBS": identifier,
        "ZZMC": TITLES[issue.type_code],
        "ZZLXDM": issue.type_code,
        "ZZBH": issue.number,
        "ZZBFJG": issue.issuer,
        "ZZBFJGDM": issue.issuer_code,
        "ZZBFRQ": day_of(issue.issued),
        "ZZYXQQSRQ": day_of(issue.begins),
        "ZZYXQJZRQ": issue.ends,
        "CZZT": "^".join(names),
        "CZZTDM": "^".join(numbers),
        "CZZTDMLXDM": "^".join(holder_type for _ in numbers),
        "ZZZT": issue.state,
        "ZZKXDJ": issue.trust,
    }


def state_of(lot: random.Random, states: tuple[tuple[str, int, str], ...], index: int) -> tuple[str, str]:
    """The register's own state, and the licence's that follows from it; the first of a population are well."""
    drawn = lot.choices(states, [weight for _, weight, _ in states])[0]
    own, _, licence = states[0] if index < FIXED else drawn
    return own, licence


def _driving_term(first: date, own_state: str, lot: random.Random) -> tuple[date, str]:
    # Six years, then ten, then for good (Implementing Regulations of the Road Traffic Safety Law, article 26).
    if own_state == "03":
        ended = CLOSED - timedelta(days=lot.randrange(30, 300))
        return max(first, years_on(ended, -10)), day_of(ended)
    second = years_on(first, 6)
    third = years_on(second, 10)
    return (third, NO_END) if third <= CLOSED else (second, day_of(third))


def between(lot: random.Random, first: date, last: date) -> date:
    """A day of these, both included."""
    return first + timedelta(days=lot.randrange((last - first).days + 1))


def years_on(day: date, years: int) -> date:
    """The same day so many years later, or the last of its month."""
    year = day.year + years
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def day_of(day: date) -> str:
    """`yyyyMMdd`."""
    return f"{day:%Y%m%d}"


def _wan(yuan: int) -> str:
    """`yuan` in wan-yuan (万元), without trailing zeros."""
    return f"{yuan // 10_000}.{yuan % 10_000:04d}".rstrip("0").rstrip(".")


def district(division: str) -> str:
    """The name of a living division."""
    return REGIONS[REGION].divisions[division]
