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

FACES: Mapping[str, Mapping[str, _Check]] = MappingProxyType(
    {"100012001": _BUSINESS_LICENCE, "100034007": _DRIVING_LICENCE, "100051003": _MARRIAGE_CERTIFICATE}
)

_ABSENT = object()


def check_face(item: str, fields: Mapping[str, object], where: str) -> None:
    """Raises CITY_ANSWER_INVALID where the face of a licence of this `license_item_code` is not as the interface says."""
    for name, check in FACES[item].items():
        if not check(fields.get(name, _ABSENT)):
            raise invalid(f"{where} {name}", "is missing, or has not the form of the interface")
