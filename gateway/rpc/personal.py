"""What the evidence log holds in clear of a request, and whether it tells a person: the holder, the operator, or anybody's number.

Laws: the log keeps what it is given, so a person's name or number is refused before it gets there; how it is written does not matter, for
only letters and digits are compared, in their plain form; a violation never repeats a value. What is said of the holder is found wherever
it stands, but for a Latin name so short that it stands in other words: that has to be a word of its own. A stranger's number is known by
its form alone, which case numbers have too: so it stands by itself, and one that signs divide tells a year of birth, and not that of a case
(ADR 0050).
Source: GB 11643 (numbers); UAX 15 (plain forms).
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final
from unicodedata import combining, normalize

from gateway.model.identifiers import InvalidIdentifier, ResidentNumber
from gateway.model.refusal import Violation
from gateway.rpc.forms import Texts

_KEPT: Final = (
    "purpose.matter_code",
    "purpose.matter_name",
    "purpose.case_number",
    "purpose.operator.account",
    "purpose.operator.role",
    "legal_basis.reference",
)
_WANTED: Final = "is kept in the evidence log and must not hold a person's name or number, or a shown code"

_BETWEEN: Final = "\n"
"""Stands in no text of a request."""
_SIGN: Final = re.compile(r"[^\w\n]|_")
_MANY_DIGITS: Final = re.compile(r"[0-9]{15}")
_WHOLE: Final = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")
_DIVIDED: Final = re.compile(r"(?<![0-9])[0-9]{17}[0-9x](?![0-9])")
_EARLIEST_BIRTH: Final = 1800
_LATIN_WORD: Final = re.compile(r"[a-z]+")
_SHORT: Final = 4
"""Letters below which a Latin name (Li, Nu, Xu) is found within other words."""


def told(texts: Texts, secret: Iterable[str], today: date) -> tuple[Violation, ...]:
    """A violation for each text that tells one of these secrets, the operator's name, or anybody's resident number."""
    whole = folded(_BETWEEN.join([texts[path] for path in _KEPT]))
    secrets = {*folded(_BETWEEN.join([texts["purpose.operator.name"], *secret])).split(_BETWEEN)} - {""}
    if not any(map(whole.__contains__, secrets)) and not _MANY_DIGITS.search(whole):
        return ()
    return tuple(Violation(path, _WANTED) for path in _KEPT if _tells(texts[path], secrets, today))


def folded(said: str) -> str:
    """The letters and digits alone, in their plain form, without accents and capitals: the same for all ways to write a number or name."""
    bare = _SIGN.sub("", said).casefold()
    plain = normalize("NFKD", bare)
    return bare if plain == bare else _SIGN.sub("", plain).casefold()


def _tells(said: str, secrets: Iterable[str], today: date) -> bool:
    bare = folded(said)
    if any(secret in bare and (not _is_short(secret) or secret in _latin_words(said)) for secret in secrets):
        return True
    return any(_born(each, today) for each in _WHOLE.findall(normalize("NFKD", said))) or any(
        born is not None and _EARLIEST_BIRTH <= born.year < today.year - 1
        for born in (_born(each, today) for each in _DIVIDED.findall(bare))
    )


def _is_short(secret: str) -> bool:
    return len(secret) < _SHORT and secret.isascii() and secret.isalpha()


def _latin_words(said: str) -> list[str]:
    plain = "".join(each for each in normalize("NFKD", said) if not combining(each))
    return _LATIN_WORD.findall(plain.casefold())


def _born(text: str, today: date) -> date | None:
    """When whose number it is was born, where it is one."""
    try:
        return ResidentNumber.parse(text, today).born
    except InvalidIdentifier:
        return None
