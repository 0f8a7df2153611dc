"""Foshan's record of traffic fines (交通违法罚款记录) as the traffic police holds it, in the words of F2.9.

Laws: a function of (person, index, seed) alone; money in yuan with two decimals; whoever drives has a record, which may be without a fine.
"""

from adapters.foshan.simulator.certificates import LAST_PAID, Month, Record, Subject, months_of
from adapters.foshan.simulator.licences import CLOSED, REGION
from adapters.simulation.places import REGIONS, STREETS
from adapters.simulation.population import draw

_OFFENCES = (
    ("违反禁止标线指示", 100, 1),
    ("不按规定停车影响其他车辆通行", 200, 0),
    ("闯红灯", 200, 6),
    ("超速未达百分之二十", 150, 3),
)
_IN_A_MONTH = 0.1
_EARLIEST: Month = (2022, 1)


def fine_record(subject: Subject, begin: Month, end: Month) -> Record | None:
    """The record with the fines of `begin` to `end`, both included; None where nobody of the number drives."""
    if not subject.situation.drives:
        return None
    lot = draw(REGION, subject.seed, "traffic", subject.index)
    plate = f"粤E{lot.randrange(10**5):05d}"
    months = months_of(max(begin, _EARLIEST), min(end, LAST_PAID))
    fines = [fine for month in months for fine in _fines(subject, month, plate)]
    unpaid = sum(int(fine["FKJE"].split(".")[0]) for fine in fines if fine["JKZT"] == "N")
    return {
        "XM": subject.person.name,
        "JSZH": subject.person.number,
        "JSZZT": "00" if subject.situation.full_history else lot.choice(("00", "00", "02", "03", "04")),
        "LJJF": str(lot.randrange(12)),
        "WJHJ": f"{unpaid}.00",
        "FKLB": fines,
        "CJDW": "佛山市公安局交通警察支队",
        "CJRQ": f"{CLOSED:%Y%m%d}",
        "ZMBH": f"FSJT{CLOSED:%Y}{subject.index:09d}",
    }


def _fines(subject: Subject, month: Month, plate: str) -> list[Record]:
    lot = draw(REGION, subject.seed, "traffic", subject.index, *month)
    if lot.random() >= _IN_A_MONTH:
        return []
    offence, yuan, points = lot.choice(_OFFENCES)
    district = lot.choice(tuple(REGIONS[REGION].divisions.values()))
    return [
        {
            "JDSH": f"4406{lot.randrange(10**11):011d}",
            "WFRQ": f"{month[0]}{month[1]:02d}{lot.randrange(1, 29):02d}",
            "WFDD": f"{district}{lot.choice(STREETS)}路口",
            "WFXW": offence,
            "HPHM": plate,
            "FKJE": f"{yuan}.00",
            "JF": str(points),
            "JKZT": lot.choice("NYYY"),
        }
    ]
