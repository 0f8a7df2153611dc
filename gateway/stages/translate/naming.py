"""A holder's number as a city writes it, in the form that a question has it in; and a name as registers write it."""

import re
from datetime import date
from typing import Final
from unicodedata import normalize

from gateway.model.identifiers import HolderIdType, InvalidIdentifier, parse_holder_number

_HAN: Final = "\u3007\u3400-\u9fff\ue000-\uf8ff\U00020000-\U0003ffff"
"""Chinese characters, and those that a register made for itself."""
_WIDE: Final = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_DOT: Final = re.compile(rf"(?<=[{_HAN}])\s?[\u00b7\u2022\u2027\u30fb.\u3002]\s?(?=[{_HAN}])")
_BLANK: Final = re.compile(rf"(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])")


def written(name: str) -> str:
    """A name without what keyboards do to it: wide letters, blanks beside Chinese characters, other dots between its parts than `·`.

    A city that compares the name itself compares its signs, and would say of another spelling that it has no record.
    """
    return " ".join(_BLANK.sub("", _DOT.sub("\u00b7", _WIDE.sub(lambda wide: normalize("NFKC", wide[0]), name))).split())


def canonical(number: str, id_type: str) -> str | None:
    """The number as the question has it, such as 18 characters for the 15 of an older card; None if it is none."""
    try:
        return parse_holder_number(HolderIdType.parse(id_type), number, date.max)
    except InvalidIdentifier:
        return None
