"""The e-licences of G1 as the licence platform keeps them, each with its `data_fields`.

Laws: a licence is a function of the register's seed; nothing secret is in it (codes to fetch it are made when it is
asked for).
Interface: docs/interfaces/guangzhou.md, G1. Standards: GB/T 36903 (ZZ keys), GB/T 36904 (identifiers).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import TRAFFIC_POLICE, Authority, civil_affairs, market_regulator
from adapters.guangzhou.simulator.register import REGION, Register
from adapters.simulation.population import FIXED, elicence_identifier

BUSINESS, DRIVING, MARRIAGE = "100012001", "100034007", "100051003"
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
class Item:
    """One row of the platform's catalogue: the licence's name, its type code (21), and where its records are."""

    name: str
    type_code: str
    find: Callable[[Register, str, str | None], "tuple[Licence, ...]"]


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence: `head` has the platform's keys, `fields` those of data_fields, `single_quoted` the spelling."""

    head: dict[str, str] = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    single_quoted: bool


def _head(item: str, lot: random.Random, issuer: Authority, **own: str) -> dict[str, str]:
    issued = own["issue_date"][:4]
    return {
        "license_code": f"{issuer.division}{issued}{''.join(lot.choices(_SIGNS, k=8))}",
        "name": CATALOGUE[item].name,
        "license_type": "CERTIFICATE",
        "issue_org_name": issuer.name,
        "issue_org_code": issuer.code,
        "division_code": issuer.division,
        "trust_level": lot.choice("AABC"),
        "license_item_code": item,
    } | own


def _identifier(item: str, issuer: Authority, serial: str, *, wrong: bool) -> dict[str, str]:
    type_code = CATALOGUE[item].type_code
    return {
        "ZZBS": elicence_identifier(type_code, issuer.code, serial, wrong_check=wrong),
        "ZZLXDM": type_code,
    }


def _moment(day: date, *, last: bool = False) -> str:
    return f"{day:%Y-%m-%d} {'23:59:59' if last else '00:00:00'}"


def _chinese(day: date) -> str:
    return f"{day:%Y}年{day:%m}月{day:%d}日"


def _years_after(day: date, years: int) -> date:
    return day + timedelta(days=years * 365 + years // 4)


def _mostly_fine(lot: random.Random, index: int, fine: str, others: str | tuple[str, ...], share: float = 0.1) -> str:
    return lot.choice(others) if lot.random() < share and index >= FIXED else fine


def _quoted(lot: random.Random, index: int, fixed: int) -> bool:
    return index == fixed if index < FIXED else lot.random() < 1 / 10


def _business(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    index = register.company_index(number, name)
    if index is None or not register.company_situation(index).licensed:
        return ()
    company, lot = register.companies[index], register.lot("business-licence", index)
    issuer = market_regulator(company.division)
    approved = company.established + timedelta(days=lot.randrange(30, 900))
    ends = _years_after(company.established, lot.choice((30, 50))) if lot.random() < 1 / 2 else None
    kind = lot.choice(tuple(_COMPANY_KINDS))
    state = _mostly_fine(lot, index, "1", ("2", "3", "4"))
    fields = _identifier(BUSINESS, issuer, f"GZ{approved:%Y}{index:08d}", wrong=register.company_situation(index).wrong_check) | {
        "MC": company.name,
        "TYSHXYDM": company.code,
        "LXDM": kind,
        "LXMC": _COMPANY_KINDS[kind],
        "FDDBR": company.legal_person.name,
        "ZCZB": f"{lot.choice((50, 100, 500, 1000, 2680))}.{lot.choice(('00', '00', '50'))}",
        "CLRQ": _chinese(company.established),
        "YYQXQ": _chinese(company.established),
        "YYQXZ": _chinese(ends) if ends else NO_END,
        "ZS": company.address,
        "JYFW": lot.choice(_SCOPES),
        "DJJG": issuer.name,
        "DJJGDM": issuer.code,
        "HZRQ": _chinese(approved),
        "DJZT": state,
        "DJZTMC": _COMPANY_STATES[state],
    }
    head = _head(
        BUSINESS,
        lot,
        issuer,
        id_code=company.code,
        holder_name=company.name,
        holder_identity_type="31",
        holder_identity_num=company.code,
        issue_date=_moment(approved),
        begin_date=_moment(company.established),
        expiry_date=_moment(ends, last=True) if ends else "",
        license_status=_PLATFORM_STATES.get((BUSINESS, state), "ISSUED"),
    )
    return (Licence(head, fields, _quoted(lot, index, 1)),)


def _driving(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    index = register.person_index(number, name)
    if index is None or not register.situation(index).drives:
        return ()
    lot = register.lot("driving-licence", index)
    first = date(2003, 1, 1) + timedelta(days=lot.randrange(6500))
    state = _mostly_fine(lot, index, "A", ("B", "M", "R"))
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
    begins = first if replaced else _years_after(first, 6)
    ends = None if lot.random() < 1 / 6 and not replaced else _years_after(begins, 6 if replaced else 10)
    wrong = index >= FIXED and lot.random() < 1 / 20
    fields = _identifier(DRIVING, TRAFFIC_POLICE, f"{file_number}{begins:%Y}", wrong=wrong) | {
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
    head = _head(
        DRIVING,
        lot,
        TRAFFIC_POLICE,
        id_code=file_number,
        holder_name=person.name,
        holder_identity_type="10",
        holder_identity_num=person.number,
        issue_date=_moment(begins),
        begin_date=_moment(begins),
        expiry_date=_moment(ends, last=True) if ends else "",
        license_status=_PLATFORM_STATES.get((DRIVING, state), "ISSUED"),
    )
    return Licence(head, fields, _quoted(lot, index, 1))


def _marriage(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
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
    state = _mostly_fine(lot, first, "01", ("02", "03", "04"), 0.05)
    wrong = first >= FIXED and lot.random() < 1 / 20
    fields = _identifier(MARRIAGE, issuer, f"JH{day:%Y}{first:08d}", wrong=wrong) | {
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
    head = _head(
        MARRIAGE,
        lot,
        issuer,
        id_code=certificate,
        holder_name=f"{man.name},{woman.name}",
        holder_identity_type="10,10",
        holder_identity_num=f"{man.number},{woman.number}",
        issue_date=_moment(day),
        begin_date=_moment(day),
        expiry_date="",
        license_status=_PLATFORM_STATES.get((MARRIAGE, state), "ISSUED"),
    )
    return (Licence(head, fields, _quoted(lot, first, 2)),)


CATALOGUE = {
    BUSINESS: Item("营业执照", "11100000M00000035K101", _business),
    DRIVING: Item("机动车驾驶证", "11100000M00000035K102", _driving),
    MARRIAGE: Item("结婚证", "111000000000131433001", _marriage),
}
