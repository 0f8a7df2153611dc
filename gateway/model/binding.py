"""What binds a question and its answer into the evidence log: their canonical bytes, and the keyed digests of these.

Laws: a question has one spelling and an answer one spelling, whichever side writes them down; only who holds the exchange's binding key
can tell whether a digest is of a question that they guess; the key goes to the caller with the receipt and is kept nowhere.
Source: RFC 8785 (canonical JSON); RFC 2104 (HMAC). In words: docs/receipts.md.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import orjson

from gateway.model.city import CityFile
from gateway.model.evidence import Coded, Evidence, Holders, Verdict
from gateway.model.query import FileFormat, PresentedCode, Query

VERSION: Final = 1
KEY_SIZE: Final = 32
"""Bytes of chance, drawn for one exchange."""
REQUEST_DIGEST: Final = "request_digest"
ANSWER_DIGEST: Final = "answer_digest"
"""The facts that hold the digests: the first in INTENT and OUTCOME, the second in the OUTCOME of an answer."""

_LATER: Final = frozenset({"claims", "file"})
_TEXTS: Final = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to")


def request_digest(key: bytes, question: Mapping[str, object]) -> str:
    """HMAC-SHA-256, in hex, of a question as `question` or a receipt file spells it. Raises TypeError for what has no canonical form."""
    return _keyed(key, "question", {"question": question, "v": VERSION})


def answer_digest(key: bytes, outcome: str, evidence: Sequence[object]) -> str:
    """HMAC-SHA-256, in hex, of an answer: ISSUED or NO_RECORD, and each paper as `paper` or a receipt file spells it."""
    return _keyed(key, "answer", {"evidence": evidence, "outcome": outcome, "v": VERSION})


def question(query: Query) -> Mapping[str, object]:
    """The question as JSON values; its numbers and its request_id must be in canonical form."""
    made = plain(query)
    if not isinstance(made, dict):
        raise TypeError("a question is an object")
    return made


def verdict(field: str, given: Verdict) -> Mapping[str, object]:
    """What is disclosed of one claim as JSON values."""
    return {"field": field, "verdict": given.value}


def file(announced: CityFile) -> Mapping[str, object]:
    """What is disclosed of a file as JSON values; its digest stands for its bytes."""
    return {"format": announced.format, "sha256": announced.sha256, "size": announced.size}


def paper(evidence: Evidence) -> Mapping[str, object]:
    """What is disclosed of one certificate or e-licence as JSON values; what is not disclosed is empty."""
    values = evidence.values
    status, named = values.get("status"), values.get("holders")
    common = {*_TEXTS, "status", "holders"}
    return {
        "type": evidence.type.code,
        "name": evidence.type.zh,
        **{name: plain(values.get(name, "")) for name in _TEXTS},
        "status": status.code if isinstance(status, Coded) else "",
        "holders": plain(named.holders) if isinstance(named, Holders) else [],
        "fields": {name: plain(value) for name, value in values.items() if name not in common},
        "findings": [[each.code.value, each.field] for each in evidence.findings],
    }


def plain(value: object) -> object:
    """A frozen value as JSON values: bytes in hex, a date as its text, a set in order."""
    kind: Any = type(value)
    spell = _SPELLINGS.get(kind)
    if spell is not None:
        return spell(value)
    names = _parts(kind)
    return {name: plain(getattr(value, name)) for name in names} if names else value


def _mapped(value: Mapping[str, object]) -> object:
    return {name: plain(each) for name, each in value.items()}


def _listed(value: Iterable[object]) -> object:
    return [plain(each) for each in value]


def _shown(presented: PresentedCode) -> object:
    """Its digest, so that no receipt and no file of one holds a code."""
    return {"presented_code_sha256": sha256(presented.code.encode()).hexdigest()}


def _asked(query: Query) -> object:
    """A question without claims or a file is spelled as it was before there were any, so that older receipts still bind it."""
    return {name: plain(getattr(query, name)) for name in _parts(Query) if name not in _LATER or getattr(query, name)}


# By the very class, which costs a tenth of asking each class in turn: an answer of 18 rows has a hundred values.
_SPELLINGS: Final[Mapping[type, Callable[[Any], object]]] = MappingProxyType(
    {
        str: str,
        FileFormat: str,
        int: int,
        Query: _asked,
        PresentedCode: _shown,
        dict: _mapped,
        MappingProxyType: _mapped,
        tuple: _listed,
        list: _listed,
        frozenset: lambda value: _listed(sorted(value)),
        bytes: bytes.hex,
        date: date.isoformat,
        datetime: datetime.isoformat,
    }
)


@lru_cache(maxsize=256)
def _parts(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; of any other class none."""
    return tuple(getattr(kind, "__dataclass_fields__", ()))


def _keyed(key: bytes, use: str, whole: Mapping[str, object]) -> str:
    return hmac.digest(key, use.encode() + b"\0" + orjson.dumps(whole, option=orjson.OPT_SORT_KEYS), "sha256").hex()
