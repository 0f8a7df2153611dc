"""The housing registry's own record, as G3 sends it: an XML document whose figures and days are written now one way, now another.

Laws: a record is a function of the register's seed and the person; it speaks of the same homes as G2's; every element is there, and
an empty one means 'not recorded'. Interface: docs/interfaces/guangzhou.md, G3.
"""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from adapters.guangzhou.simulator.certificates import housing_record
from adapters.guangzhou.simulator.register import Register

Record = dict[str, Any]

_USES = {"11": "成套住宅", "12": "非成套住宅", "13": "别墅", "21": "商住两用"}
_FORMS = {"0": "单独所有", "1": "共同共有", "2": "按份共有"}
_SHARES = ("1/2", "1/3", "2/3", "1/4")
_FULL_WIDTH = str.maketrans("0123456789X.-/", "０１２３４５６７８９Ｘ．－／")
# Registrations taken over from the older program keep its dashes; some of its terminals wrote full-width figures.
_OLDER_BEFORE = "20190101"
_FIGURES = ("FWMJ", "GYFE", "DJSJ")
_WIDE_HOMES, _WIDE_NUMBERS = 0.2, 0.1


def gsb_record(register: Register, index: int) -> Record | None:
    """What stands in `record` for person `index`; None where the person owns no home."""
    held = housing_record(register, index)
    if held is None:
        return None
    lot = register.lot("gsb", index)
    homes = []
    for row in held["fwlb"]:
        day = row["djsj"]
        home = {
            "BDCQZH": row["bdcqzh"],
            "BDCDYH": f"44010{lot.randrange(10)}{lot.randrange(10**6):06d}GB{lot.randrange(10**5):05d}F{lot.randrange(10**8):08d}",
            "ZL": row["zl"],
            "FWMJ": f"{row['jzmj']:.2f}",
            "GHYT": _USES[row["ghyt"]],
            "GYQK": _FORMS[row["gyqk"]],
            "GYFE": lot.choice(_SHARES) if row["gyqk"] == "2" else "",
            "DJSJ": day if day >= _OLDER_BEFORE else f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "BZ": "",
        }
        wide = lot.random() < _WIDE_HOMES
        homes.append({**home, **{name: home[name].translate(_FULL_WIDTH) for name in _FIGURES if wide}})
    number = held["qlrzjh"]
    return {
        "ZMBH": f"GZGSB{held['zmbh'][4:]}",
        "CXSJ": f"{held['cjrq'].replace('-', '')}{lot.randrange(9, 18):02d}{lot.randrange(60):02d}{lot.randrange(60):02d}",
        "CJJG": held["cjjg"],
        "QLRMC": held["qlrmc"],
        "QLRZJZL": "1",
        "QLRZJH": number.translate(_FULL_WIDTH) if lot.random() < _WIDE_NUMBERS else number,
        "FWTS": str(held["fwts"]),
        "FWXX": homes,
    }


def document(code: str, message: str, records: Sequence[Record] = ()) -> str:
    """The whole XML document."""
    inside = _element("resultCode", code) + _element("resultMsg", message)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><result>{inside}{"".join(_element("record", each) for each in records)}</result>'
    )


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    inside = "".join(_element(*part) for part in value.items()) if isinstance(value, dict) else escape(value)
    return f"<{name}>{inside}</{name}>"
