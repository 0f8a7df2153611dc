"""The e-licences of G1 as the licence platform keeps them, each with its `data_fields`.

Laws: a licence is a function of the register's seed; nothing secret is in it (codes to fetch it are made when it is
asked for).
Interface: docs/interfaces/guangzhou.md, G1. Standards: GB/T 36903 (ZZ keys), GB/T 36904 (identifiers).
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import TRAFFIC_POLICE, Authority, civil_affairs, market_regulator
from adapters.guangzhou.simulator.register import REGION, Register
from adapters.simulation.population import FIXED, elicence_identifier

BUSINESS, DRIVING, MARRIAGE = "100012001", "100034007", "100051003"
TITLE, VEHICLE, BIRTH = "100025001", "100034008", "100068002"
FOOD, SCHOOL, DISABILITY = "100093005", "100072004", "100081006"
NAMES = {
    BUSINESS: ("营业执照", "11100000M00000035K101"),
    DRIVING: ("机动车驾驶证", "11100000M00000035K102"),
    MARRIAGE: ("结婚证", "111000000000131433001"),
    TITLE: ("不动产权证书", "11100000MB03271699001"),
    VEHICLE: ("机动车行驶证", "11100000M00000035K103"),
    BIRTH: ("出生医学证明", "11100000M00000035K104"),
    FOOD: ("食品经营许可证", "11100000M00000035K105"),
    SCHOOL: ("民办学校办学许可证", "11100000M00000035K106"),
    DISABILITY: ("残疾人证", "11100000M00000035K107"),
}
"""By license_item_code: the licence's name, and its type code (21)."""
NO_END = "长期"
_SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_COMPANY_KINDS = {
    "1130": "有限责任公司(自然人投资或控股)",
    "1151": "有限责任公司(自然人独资)",
    "1190": "其他有限责任公司",
    "1219": "股份有限公司(非上市)",
}
_COMPANY_STATES = {"1": "存续", "2": "吊销未注销", "3": "注销", "4": "迁出"}
_SCOPES = (
    "技术服务、技术开发、技术咨询;软件销售",
    "食品销售(仅销售预包装食品);日用百货销售",
    '"互联网+"服务;信息系统集成服务',
    "道路货物运输(不含危险货物);仓储服务",
)
_PLATFORM_STATES = {
    (BUSINESS, "2"): "SUSPENDED",
    (BUSINESS, "3"): "ABOLISHED",
    (BUSINESS, "4"): "ABOLISHED",
    (DRIVING, "B"): "SUSPENDED",
    (DRIVING, "R"): "SUSPENDED",
    (DRIVING, "M"): "ABOLISHED",
    (MARRIAGE, "02"): "ABOLISHED",
    (MARRIAGE, "03"): "ABOLISHED",
    (MARRIAGE, "04"): "ABOLISHED",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence: `head` has the platform's keys, `fields` those of data_fields, `single_quoted` the spelling."""

    head: dict[str, str] = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    single_quoted: bool


@dataclass(frozen=True, slots=True)
class Issue:
    """What the platform's head says of a licence. `holders` are (name, number); `serial` is the identifier's, `ends` None for no end."""

    item: str
    issuer: Authority
    number: str
    holders: tuple[tuple[str, str], ...] = field(repr=False)
    identity: str
    issued: date
    begins: date
    ends: date | None
    status: str
    serial: str


def issued(issue: Issue, lot: random.Random, index: int, fields: dict[str, Any]) -> Licence:
    """The licence of `issue` with these data_fields, of the holder at `index` of its register."""
    wrong = index >= FIXED and lot.random() < 1 / 20
    names, numbers = zip(*issue.holders, strict=True)
    top = head(
        issue.item,
        lot,
        issue.issuer,
        id_code=issue.number,
        holder_name=",".join(names),
        holder_identity_type=",".join(issue.identity for _ in names),
        holder_identity_num=",".join(numbers),
        issue_date=moment(issue.issued),
        begin_date=moment(issue.begins),
        expiry_date=moment(issue.ends, last=True) if issue.ends else "",
        license_status=issue.status,
    )
    known = identifier(issue.item, issue.issuer, issue.serial, wrong=wrong)
    return Licence(top, known | fields, quoted(lot, index, FIXED))


def head(item: str, lot: random.Random, issuer: Authority, **own: str) -> dict[str, str]:
    """The platform's keys of a licence."""
    issued = own["issue_date"][:4]
    return {
        "license_code": f"{issuer.division}{issued}{''.join(lot.choices(_SIGNS, k=8))}",
        "name": NAMES[item][0],
        "license_type": "CERTIFICATE",
        "issue_org_name": issuer.name,
        "issue_org_code": issuer.code,
        "division_code": issuer.division,
        "trust_level": lot.choice("AABC"),
        "license_item_code": item,
    } | own


def identifier(item: str, issuer: Authority, serial: str, *, wrong: bool) -> dict[str, str]:
    """Identifier and type, which begin every data_fields."""
    type_code = NAMES[item][1]
    return {
        "ZZBS": elicence_identifier(type_code, issuer.code, serial, wrong_check=wrong),
        "ZZLXDM": type_code,
    }


def moment(day: date, *, last: bool = False) -> str:
    """First or last second of a day."""
    return f"{day:%Y-%m-%d} {'23:59:59' if last else '00:00:00'}"


def chinese(day: date) -> str:
    """`yyyy年MM月dd日`."""
    return f"{day:%Y}年{day:%m}月{day:%d}日"


def years_after(day: date, years: int) -> date:
    """About so many years later."""
    return day + timedelta(days=years * 365 + years // 4)


def mostly_fine(lot: random.Random, index: int, fine: str, others: str | tuple[str, ...], share: float = 0.1) -> str:
    """A state: `fine` of the first of a register, now and then another of the rest."""
    return lot.choice(others) if lot.random() < share and index >= FIXED else fine


def quoted(lot: random.Random, index: int, fixed: int) -> bool:
    """Whether the older program wrote it; of the first of a register only `fixed`."""
    return index == fixed if index < FIXED else lot.random() < 1 / 10


def business(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """营业执照."""
    index = register.company_index(number, name)
    if index is None or not register.company_situation(index).licensed:
        return ()
    company, lot = register.companies[index], register.lot("business-licence", index)
    issuer = market_regulator(company.division)
    approved = company.established + timedelta(days=lot.randrange(30, 900))
    ends = years_after(company.established, lot.choice((30, 50))) if lot.random() < 1 / 2 else None
    kind = lot.choice(tuple(_COMPANY_KINDS))
    state = mostly_fine(lot, index, "1", ("2", "3", "4"))
    fields = identifier(BUSINESS, issuer, f"GZ{approved:%Y}{index:08d}", wrong=register.company_situation(index).wrong_check) | {
        "MC": company.name,
        "TYSHXYDM": company.code,
        "LXDM": kind,
        "LXMC": _COMPANY_KINDS[kind],
        "FDDBR": company.legal_person.name,
        "ZCZB": f"{lot.choice((50, 100, 500, 1000, 2680))}.{lot.choice(('00', '00', '50'))}",
        "CLRQ": chinese(company.established),
        "YYQXQ": chinese(company.established),
        "YYQXZ": chinese(ends) if ends else NO_END,
        "ZS": company.address,
        "JYFW": lot.choice(_SCOPES),
        "DJJG": issuer.name,
        "DJJGDM": issuer.code,
        "HZRQ": chinese(approved),
        "DJZT": state,
        "DJZTMC": _COMPANY_STATES[state],
    }
    top = head(
        BUSINESS,
        lot,
        issuer,
        id_code=company.code,
        holder_name=company.name,
        holder_identity_type="31",
        holder_identity_num=company.code,
        issue_date=moment(approved),
        begin_date=moment(company.established),
        expiry_date=moment(ends, last=True) if ends else "",
        license_status=_PLATFORM_STATES.get((BUSINESS, state), "ISSUED"),
    )
    return (Licence(top, fields, quoted(lot, index, 1)),)


def driving(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """机动车驾驶证."""
    index = register.person_index(number, name)
    if index is None or not register.situation(index).drives:
        return ()
    lot = register.lot("driving-licence", index)
    first = date(2003, 1, 1) + timedelta(days=lot.randrange(6500))
    state = mostly_fine(lot, index, "A", ("B", "M", "R"))
    newest = _driving_licence(register, index, state, first)
    if index < FIXED or lot.random() >= 1 / 10:
        return (newest,)
    return newest, _driving_licence(register, index, "M", first, replaced=True)


def _driving_licence(
    register: Register,
    index: int,
    state: str,
    first: date,
    *,
    replaced: bool = False,
) -> Licence:
    person, lot = register.people[index], register.lot(f"driving-licence-{replaced}", index)
    file_number = f"{REGION}{register.lot('driving-file', index).randrange(10**6):06d}"
    begins = first if replaced else years_after(first, 6)
    ends = None if lot.random() < 1 / 6 and not replaced else years_after(begins, 6 if replaced else 10)
    wrong = index >= FIXED and lot.random() < 1 / 20
    fields = identifier(DRIVING, TRAFFIC_POLICE, f"{file_number}{begins:%Y}", wrong=wrong) | {
        "XM": person.name,
        "SFZMHM": person.number,
        "XB": "1" if person.sex == "M" else "2",
        "GJ": "156",
        "ZZ": person.address,
        "CSRQ": f"{person.born:%Y-%m-%d}",
        "CCLZRQ": f"{first:%Y-%m-%d}",
        "ZJCX": lot.choice(("C1", "C1", "C2", "B2", "A2D", "C1E")),
        "YXQS": f"{begins:%Y-%m-%d}",
        "YXQZ": f"{ends:%Y-%m-%d}" if ends else NO_END,
        "DABH": file_number,
        "JZZT": state,
        "LJJF": lot.choice((0, 0, 0, 1, 3, 6, 9)) + (12 if state == "B" else 0),
        "FZJG": TRAFFIC_POLICE.name,
        "FZJGDM": TRAFFIC_POLICE.code,
    }
    top = head(
        DRIVING,
        lot,
        TRAFFIC_POLICE,
        id_code=file_number,
        holder_name=person.name,
        holder_identity_type="10",
        holder_identity_num=person.number,
        issue_date=moment(begins),
        begin_date=moment(begins),
        expiry_date=moment(ends, last=True) if ends else "",
        license_status=_PLATFORM_STATES.get((DRIVING, state), "ISSUED"),
    )
    return Licence(top, fields, quoted(lot, index, 1))


def marriage(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """结婚证, found by either spouse."""
    index = register.person_index(number, name)
    spouse = None if index is None else register.situation(index).spouse
    if index is None or spouse is None:
        return ()
    first = min(index, spouse)
    lot = register.lot("marriage", first)
    man, woman = sorted((register.people[first], register.people[first + 1]), key=lambda person: person.sex == "F")
    issuer = civil_affairs(man.division)
    day = date(2004, 1, 1) + timedelta(days=lot.randrange(7500))
    certificate = f"J{issuer.division}-{day:%Y}-{lot.randrange(10**6):06d}"
    state = mostly_fine(lot, first, "01", ("02", "03", "04"), 0.05)
    wrong = first >= FIXED and lot.random() < 1 / 20
    fields = identifier(MARRIAGE, issuer, f"JH{day:%Y}{first:08d}", wrong=wrong) | {
        "JHZZH": certificate,
        "NFXM": man.name,
        "NFZJHM": man.number,
        "NFXB": "1",
        "VFXM": woman.name,
        "VFZJHM": woman.number,
        "VFXB": "2",
        "DJRQ": f"{day:%Y%m%d}",
        "DJJG": issuer.name,
        "DJJGDM": issuer.code,
        "BZ": lot.choice((None, "补发", "补发,原证号J'05")),
        "ZT": state,
    }
    top = head(
        MARRIAGE,
        lot,
        issuer,
        id_code=certificate,
        holder_name=f"{man.name},{woman.name}",
        holder_identity_type="10,10",
        holder_identity_num=f"{man.number},{woman.number}",
        issue_date=moment(day),
        begin_date=moment(day),
        expiry_date="",
        license_status=_PLATFORM_STATES.get((MARRIAGE, state), "ISSUED"),
    )
    return (Licence(top, fields, quoted(lot, first, 2)),)
