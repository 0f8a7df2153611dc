"""Guangzhou's records with one thing wrong, for the faults that have the shape of a record.

Laws: one thing is wrong and nothing else; which one is written here.
"""

from itertools import chain
from typing import Any

from adapters.guangzhou.simulator.licences import (
    BIRTH,
    BUSINESS,
    DISABILITY,
    DRIVING,
    FOOD,
    MARRIAGE,
    SCHOOL,
    TITLE,
    VEHICLE,
    Licence,
)
from adapters.guangzhou.simulator.records import Records

# Item: what names the paper, its state, and its date with the 31st of February in its form.
_NAME = {
    BUSINESS: "MC",
    DRIVING: "XM",
    MARRIAGE: "JHZZH",
    TITLE: "BDCQZH",
    VEHICLE: "HPHM",
    BIRTH: "BH",
    FOOD: "XKZBH",
    SCHOOL: "BXXKZH",
    DISABILITY: "CJZH",
}
_STATE = {BUSINESS: "DJZT", DRIVING: "JZZT"}
_DATE = {
    BUSINESS: ("HZRQ", "2024年02月31日"),
    DRIVING: ("YXQS", "2024-02-31"),
    MARRIAGE: ("DJRQ", "20240231"),
    TITLE: ("DJSJ", "20240231"),
    VEHICLE: ("FZRQ", "2024-02-31"),
    BIRTH: ("QFRQ", "20240231"),
    FOOD: ("FZRQ", "2024年02月31日"),
    SCHOOL: ("FZRQ", "20240231"),
    DISABILITY: ("FZRQ", "2024-02-31"),
}


def spoilt_licence(licence: Licence, fault: str) -> dict[str, Any]:
    """The licence's data_fields without its name or number, with state `Q9`, or with the 31st of February."""
    item = licence.head["license_item_code"]
    if fault == "missing_field":
        return {key: value for key, value in licence.fields.items() if key != _NAME[item]}
    if fault == "unknown_code":
        return licence.fields | {_STATE.get(item, "ZT"): "Q9"}
    key, value = _DATE[item]
    return licence.fields | {key: value}


def another_holder_of(records: Records, item: str, holder: str) -> tuple[Licence, ...]:
    """The licences of the first holder who is not among `holder` (one number, or two with a comma)."""
    known = set(holder.upper().split(","))
    register = records.register
    for number in chain((person.number for person in register.people), (company.code for company in register.companies)):
        found = records.licences(number, item)
        if found and not known & set(found[0].head["holder_identity_num"].split(",")):
            return found
    return ()


# Service: the record's number, its state or kind of row, its date of issue.
_MISSING = {
    "si": "bae007",
    "house": "zmbh",
    "tax": "pzbh",
    "medical": "doc_no",
    "fund": "zmbh",
    "traffic": "zmbh",
    "paid": "pzhm",
    "invoice": "cyxh",
    "vehicle": "pzbh",
}
_DATES = {
    "si": ("aae036", "20240231"),
    "house": ("cjrq", "2024-02-31"),
    "tax": ("kjrq", "20240231"),
    "medical": ("prt_date", "2024-02-31"),
    "fund": ("kjrq", "2024-02-31"),
    "traffic": ("cjsj", "20240231093000"),
    "paid": ("tfrq", "2024年02月31日"),
    "invoice": ("cysj", "2024-02-31 09:30:00"),
    "vehicle": ("dysj", "20240231093000"),
}
_STATES = {
    "si": {"aac031": "9"},
    "medical": {"psn_insu_stas": "Z"},
    "fund": {"grzhzt": "77"},
    "traffic": {"jszzt": "Z"},
    "paid": {"nsrlx": "9"},
    "invoice": {"fpzt": "9"},
    "vehicle": {"zjlx": "999"},
}


def spoilt_certificate(service: str, record: dict[str, Any], fault: str) -> dict[str, Any]:
    """A record of G2 without its number, with a code that is in no list, or issued on the 31st of February."""
    if fault == "missing_field":
        return {key: value for key, value in record.items() if key != _MISSING[service]}
    if fault == "bad_date":
        key, value = _DATES[service]
        return record | {key: value}
    if service in _STATES:
        return record | _STATES[service]
    rows, code = ("fwlb", {"ghyt": "9Z"}) if service == "house" else ("mxlb", {"sdxm": "9999"})
    return record | {rows: [row | code for row in record[rows]]}
