"""The face (照面信息) of each licence type that G1 serves: which fields it has, and the form of each.

Laws: every field stands on every licence; a code list is closed; a day is a day. A face that breaks its interface is no answer,
whichever of its fields the tables read.
Source: docs/interfaces/guangzhou.md, G1, data_fields.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from adapters.connectors.verdict import invalid

_Check = Callable[[object], bool]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _note(value: object) -> bool:
    return value is None or isinstance(value, str)


def _number(value: object) -> bool:
    return type(value) is int


def _one_of(*codes: str) -> _Check:
    known = frozenset(codes)
    return lambda value: isinstance(value, str) and value in known


def _day(pattern: str, *others: str) -> _Check:
    form = re.compile(pattern)

    def check(value: object) -> bool:
        if not isinstance(value, str) or value in others:
            return isinstance(value, str)
        found = form.fullmatch(value)
        try:
            return found is not None and date(*map(int, found.groups())) is not None
        except ValueError:
            return False

    return check


_NO_END = "长期"
_CHINESE = r"([0-9]{4})年([0-9]{2})月([0-9]{2})日"
_DASHED = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_PLAIN = r"([0-9]{4})([0-9]{2})([0-9]{2})"

_DASHED_DAY = _day(_DASHED)

_EVERY: Mapping[str, _Check] = {"ZZBS": _text, "ZZLXDM": _text}


def _texts(*names: str) -> dict[str, _Check]:
    return dict.fromkeys(names, _text)


_BUSINESS_LICENCE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("MC", "TYSHXYDM", "LXMC", "FDDBR", "ZCZB", "ZS", "JYFW", "DJJG", "DJJGDM", "DJZTMC"),
    "LXDM": _one_of("1130", "1151", "1190", "1219"),
    "CLRQ": _day(_CHINESE),
    "YYQXQ": _day(_CHINESE),
    "YYQXZ": _day(_CHINESE, _NO_END),
    "HZRQ": _day(_CHINESE),
    "DJZT": _one_of("1", "2", "3", "4"),
}
_DRIVING_LICENCE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("XM", "SFZMHM", "GJ", "ZZ", "ZJCX", "DABH", "FZJG", "FZJGDM"),
    "XB": _one_of("1", "2"),
    "CSRQ": _day(_DASHED),
    "CCLZRQ": _day(_DASHED),
    "YXQS": _day(_DASHED),
    "YXQZ": _day(_DASHED, _NO_END),
    "JZZT": _one_of("A", "B", "M", "R"),
    "LJJF": _number,
}
_MARRIAGE_CERTIFICATE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("JHZZH", "NFXM", "NFZJHM", "VFXM", "VFZJHM", "DJJG", "DJJGDM"),
    "NFXB": _one_of("1"),
    "VFXB": _one_of("2"),
    "DJRQ": _day(_PLAIN),
    "BZ": _note,
    "ZT": _one_of("01", "02", "03", "04"),
}

_REAL_ESTATE_TITLE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("BDCQZH", "BDCDYH", "ZL", "QLLX", "JZMJ", "GYFE", "DJJG", "DJJGDM"),
    "QLXZ": _one_of("101", "102", "105", "107"),
    "GHYT": _one_of("11", "12", "21", "31"),
    "GYFS": _one_of("0", "1", "2"),
    "SYQJSSJ": lambda value: value is None or _DASHED_DAY(value),
    "DJSJ": _day(_PLAIN),
    "FJ": _note,
    "ZT": _one_of("1", "2"),
}
_VEHICLE_LICENCE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("HPHM", "SYR", "ZZ", "PPXH", "CLSBDH", "FDJH", "JYYXQZ", "FZJG", "FZJGDM"),
    "CLLX": _one_of("K33", "K32", "K31", "H31"),
    "SYXZ": _one_of("A", "B", "D", "F"),
    "ZCRQ": _day(_DASHED),
    "FZRQ": _day(_DASHED),
    "HDZK": _number,
    "ZZL": _number,
    "ZT": _one_of("A", "Q", "E"),
}
_BIRTH_CERTIFICATE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("BH", "XSEXM", "XSEZJHM", "CSSJ", "CSD", "MQXM", "MQZJHM", "QFJG", "QFJGDM"),
    "XSEXB": _one_of("1", "2"),
    "CSYZ": _number,
    "CSTZ": _number,
    "CSSC": _number,
    "FQXM": _note,
    "FQZJHM": _note,
    "QFRQ": _day(_PLAIN),
    "ZT": _one_of("1", "2"),
}
_FOOD_PERMIT: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("XKZBH", "JYZMC", "TYSHXYDM", "FDDBR", "ZS", "JYCS", "JYXM", "RCJGJG", "FZJG", "FZJGDM"),
    "ZTYT": _one_of("1", "2", "3"),
    "FZRQ": _day(_CHINESE),
    "YXQZ": _day(_CHINESE),
    "ZT": _one_of("10", "20", "30"),
}
_SCHOOL_PERMIT: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("BXXKZH", "XXMC", "TYSHXYDM", "XZXM", "JBZMC", "BXNR", "XXDZ", "ZGBM", "ZGBMDM"),
    "XXLX": _one_of("111", "211", "311", "342", "900"),
    "YLXZ": _one_of("1", "2"),
    "FZRQ": _day(_PLAIN),
    "YXQZ": _day(_PLAIN),
    "ZT": _one_of("1", "3", "9"),
}
_DISABILITY_CERTIFICATE: Mapping[str, _Check] = {
    **_EVERY,
    **_texts("CJZH", "XM", "SFZH", "JTZZ", "FZJG", "FZJGDM"),
    "XB": _one_of("1", "2"),
    "CSRQ": _day(_DASHED),
    "CJLB": _one_of(*"1234567"),
    "CJDJ": _one_of(*"1234"),
    "JHR": _note,
    "FZRQ": _day(_DASHED),
    "YXQZ": _day(_DASHED),
    "ZT": _one_of("0", "1", "2"),
}

FACES: Mapping[str, Mapping[str, _Check]] = MappingProxyType(
    {
        "100012001": _BUSINESS_LICENCE,
        "100034007": _DRIVING_LICENCE,
        "100051003": _MARRIAGE_CERTIFICATE,
        "100025001": _REAL_ESTATE_TITLE,
        "100034008": _VEHICLE_LICENCE,
        "100068002": _BIRTH_CERTIFICATE,
        "100093005": _FOOD_PERMIT,
        "100072004": _SCHOOL_PERMIT,
        "100081006": _DISABILITY_CERTIFICATE,
    }
)

_ABSENT = object()


def check_face(item: str, fields: Mapping[str, object], where: str) -> None:
    """Raises CITY_ANSWER_INVALID where the face of a licence of this `license_item_code` is not as the interface says."""
    for name, check in FACES[item].items():
        if not check(fields.get(name, _ABSENT)):
            raise invalid(f"{where} {name}", "is missing, or has not the form of the interface")
