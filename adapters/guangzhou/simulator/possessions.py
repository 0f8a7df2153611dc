"""Real-estate titles (不动产权证书) and vehicle licences (机动车行驶证) of G1.

Laws: a licence is a function of the register's seed; a couple's joint title is found by either; a company may own vehicles.
Interface: docs/interfaces/guangzhou.md, G1.
"""

import random
from datetime import date, timedelta
from typing import Any

from adapters.guangzhou.simulator.authorities import LAND_REGISTRY, TRAFFIC_POLICE
from adapters.guangzhou.simulator.licences import TITLE, VEHICLE, Issue, Licence, issued, mostly_fine, years_after
from adapters.guangzhou.simulator.register import REGION, Holder, Register
from adapters.simulation.places import REGIONS, STREETS
from adapters.simulation.population import FIXED, Person

_OWNS, _JOINT, _DRIVEN = 0.5, 0.6, 0.5
_SOLE, _TOGETHER, _BY_SHARES = "0", "1", "2"
_SHARES = ("1/2,1/2", "2/3,1/3", "70%,30%")
_TYPES, _USES = ("K33", "K32", "K31", "H31"), ("A", "B", "D", "F")
_MAKES = ("粤风牌YF7150", "岭越牌LY6480", "珠江牌ZJ1031", "木棉牌MM7000BEV")
_TITLE_STATES = {"1": "ISSUED", "2": "ABOLISHED"}
_VEHICLE_STATES = {"A": "ISSUED", "Q": "SUSPENDED", "E": "ABOLISHED"}


def real_estate_title(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """不动产权证书: a couple's joint one, else the person's own, newest first."""
    index = register.person_index(number, name)
    if index is None:
        return ()
    spouse = register.situation(index).spouse
    first = index if spouse is None else min(index, spouse)
    if spouse is not None and _joint(register, first):
        return (_title(register, first, 0, (register.people[first], register.people[first + 1])),)
    if not register.holds("title", index, _OWNS):
        return ()
    count = 1 if index < FIXED else register.lot("titles", index).choice((1, 1, 2))
    return tuple(_title(register, index, which, (register.people[index],)) for which in range(count))


def _joint(register: Register, first: int) -> bool:
    # Of the settled couples every other one; the rest by chance.
    return first % 4 == 0 if first < FIXED / 2 else register.holds("title-joint", first, _JOINT)


def _title(register: Register, index: int, which: int, owners: tuple[Person, ...]) -> Licence:
    lot = register.lot(f"title-{len(owners)}-{which}", index)
    registered = date(2024 - 4 * which, 1, 1) - timedelta(days=lot.randrange(1400))
    number = f"粤({registered.year})广州市不动产权第{lot.randrange(10**8):08d}号"
    state = mostly_fine(lot, index, "1", ("2",))
    form = _SOLE if len(owners) == 1 else _BY_SHARES if index == 0 else lot.choice((_TOGETHER, _BY_SHARES))
    issue = Issue(
        item=TITLE,
        issuer=LAND_REGISTRY,
        number=number,
        holders=tuple((owner.name, owner.number) for owner in owners),
        identity="10",
        issued=registered,
        begins=registered,
        ends=None,
        status=_TITLE_STATES[state],
        serial=f"BDC{registered:%Y}{index:07d}{which}",
    )
    shares = (_SHARES[0] if index == 0 else lot.choice(_SHARES)) if form == _BY_SHARES else ""
    return issued(issue, lot, index, _title_fields(lot, number, registered, state) | {"GYFS": form, "GYFE": shares})


def _title_fields(lot: random.Random, number: str, registered: date, state: str) -> dict[str, Any]:
    district = lot.choice(tuple(REGIONS[REGION].divisions.values()))
    return {
        "BDCQZH": number,
        "BDCDYH": f"{REGION}{lot.randrange(10**6):06d}GB{lot.randrange(10**5):05d}F{lot.randrange(10**8):08d}",
        "ZL": f"广州市{district}{lot.choice(STREETS)}{lot.randrange(1, 300)}号{lot.randrange(2, 32)}0{lot.randrange(1, 9)}房",
        "QLLX": "国有建设用地使用权/房屋(构筑物)所有权",
        "QLXZ": lot.choice(("101", "102", "102", "105", "107")),
        "GHYT": lot.choice(("11", "11", "11", "12", "21", "31")),
        "JZMJ": f"{lot.randrange(20, 210)}.{lot.randrange(100):02d}",
        "SYQJSSJ": f"{years_after(registered, lot.choice((40, 70))):%Y-%m-%d}" if lot.random() < 3 / 4 else None,
        "DJSJ": f"{registered:%Y%m%d}",
        "FJ": lot.choice((None, None, "该房屋已设立居住权")),
        "DJJG": LAND_REGISTRY.name,
        "DJJGDM": LAND_REGISTRY.code,
        "ZT": state,
    }


def vehicle_licence(register: Register, number: str, name: str | None) -> tuple[Licence, ...]:
    """机动车行驶证 of a person or a company, one a vehicle."""
    holder = register.holder(number, name)
    if holder is None or not register.holds(f"vehicle-{holder.sort}", holder.index, _DRIVEN):
        return ()
    lot = register.lot(f"vehicles-{holder.sort}", holder.index)
    count = 1 if holder.index < FIXED else lot.choice((1, 1, 2))
    address = (register.companies if holder.company else register.people)[holder.index].address
    return tuple(_vehicle(register, holder, which, address) for which in range(count))


def _vehicle(register: Register, holder: Holder, which: int, address: str) -> Licence:
    lot = register.lot(f"vehicle-{holder.sort}-{which}", holder.index)
    registered = date(2012, 1, 1) + timedelta(days=lot.randrange(4500))
    handed = registered + timedelta(days=lot.choice((0, 0, 400)))
    inspected = years_after(date(2025, 1, 1), 1) + timedelta(days=lot.randrange(600))
    state = mostly_fine(lot, holder.index, "A", ("Q", "E"))
    core = f"44{lot.randrange(10**11):011d}"
    issue = Issue(
        item=VEHICLE,
        issuer=TRAFFIC_POLICE,
        number=core,
        holders=((holder.name, holder.number),),
        identity="31" if holder.company else "10",
        issued=handed,
        begins=registered,
        ends=None,
        status=_VEHICLE_STATES[state],
        serial=f"XSZ{core}",
    )
    kind = lot.choice(_TYPES)
    fields = {
        "HPHM": f"粤A{lot.randrange(10**5):05d}",
        "CLLX": kind,
        "SYR": holder.name,
        "ZZ": address,
        "SYXZ": lot.choice(_USES),
        "PPXH": lot.choice(_MAKES),
        "CLSBDH": f"LSYN{lot.randrange(10**13):013d}",
        "FDJH": f"E{lot.randrange(10**7):07d}",
        "ZCRQ": f"{registered:%Y-%m-%d}",
        "FZRQ": f"{handed:%Y-%m-%d}",
        "HDZK": 3 if kind == "H31" else lot.choice((5, 7)),
        "ZZL": lot.randrange(1100, 4400, 5),
        "JYYXQZ": f"{inspected:%Y年%m月}",
        "FZJG": TRAFFIC_POLICE.name,
        "FZJGDM": TRAFFIC_POLICE.code,
        "ZT": state,
    }
    return issued(issue, lot, holder.index, fields)
