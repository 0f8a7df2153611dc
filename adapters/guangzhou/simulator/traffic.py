"""The record of traffic fines (交通违法罚款记录) as Guangzhou's traffic police holds it, in the words of G2.

Laws: a record is a function of the register's seed, the person and the months asked; whoever holds a driving licence has a record, which
may be without a fine. Interface: docs/interfaces/guangzhou.md, G2.
"""

from typing import Any

from adapters.guangzhou.simulator.authorities import TRAFFIC_POLICE
from adapters.guangzhou.simulator.register import REGION, Month, Register
from adapters.simulation.places import REGIONS, STREETS

# Offence, fine in yuan, points.
_OFFENCES = (
    ("机动车违反规定停放", 200, 0),
    ("驾驶机动车违反道路交通信号灯通行", 200, 6),
    ("驾驶中型以上载客载货汽车以外的其他机动车行驶超过规定时速10%未达20%", 50, 0),
    ("机动车不按规定车道行驶", 150, 3),
)
_FIRST, _LAST = Month(2022, 1), Month(2025, 5)
_IN_A_MONTH = 0.12


def violation_fines(register: Register, index: int, first: Month, last: Month) -> dict[str, Any] | None:
    """The record of person `index`, fines within `first` to `last`; None where nobody of the number holds a licence."""
    situation = register.situation(index)
    if not situation.drives:
        return None
    lot = register.lot("traffic", index)
    plate = f"粤A{lot.randrange(10**5):05d}"
    held = _fines(register, index, plate, max(_FIRST, first), min(_LAST, last))
    person = register.people[index]
    return {
        "xm": person.name,
        "sfzmhm": person.number,
        "jszzt": "A" if situation.full_history else lot.choice("AAABMR"),
        "ljjf": lot.randrange(12),
        "wjkhj": sum(fine["fkje"] for fine in held if fine["jkbj"] == "0"),
        "wflb": held,
        "fzjg": TRAFFIC_POLICE.name,
        "cjsj": f"202506{lot.randrange(1, 31):02d}{lot.randrange(8, 18):02d}{lot.randrange(60):02d}00",
        "zmbh": f"GZJT{lot.randrange(10**12):012d}",
    }


def _fines(register: Register, index: int, plate: str, first: Month, last: Month) -> list[dict[str, Any]]:
    fines = []
    for month in first.until(last):
        lot = register.lot(f"traffic-{month.compact}", index)
        if lot.random() < _IN_A_MONTH:
            offence, yuan, points = lot.choice(_OFFENCES)
            district = lot.choice(tuple(REGIONS[REGION].divisions.values()))
            moment = f"{lot.randrange(1, 29):02d} {lot.randrange(24):02d}:{lot.randrange(60):02d}:{lot.randrange(60):02d}"
            fines.append(
                {
                    "jdsbh": f"4401{lot.randrange(10**11):011d}",
                    "wfsj": f"{month.dashed}-{moment}",
                    "wfdz": f"{district}{lot.choice(STREETS)}",
                    "wfnr": offence,
                    "hphm": plate,
                    "fkje": yuan,
                    "wfjfs": points,
                    "jkbj": lot.choice("0111"),
                }
            )
    return fines
