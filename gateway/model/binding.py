"""What binds a question and its answer into the evidence log: their canonical bytes, and the keyed digests of these.

Laws: a question has one spelling and an answer one spelling, whichever side writes them down; only who holds the exchange's binding key
can tell whether a digest is of a question that they guess; the key goes to the caller with the receipt and is kept nowhere.
Source: RFC 8785 (canonical JSON); RFC 2104 (HMAC). In words: docs/receipts.md.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import orjson

from gateway.model.city import CityFile
from gateway.model.evidence import Coded, Evidence, Holders, Rows, Verdict
from gateway.model.query import PresentedCode, Query

VERSION: Final = 1
KEY_SIZE: Final = 32
"""Bytes of chance, drawn for one exchange."""
REQUEST_DIGEST: Final = "request_digest"
ANSWER_DIGEST: Final = "answer_digest"
"""The facts that hold the digests: the first in INTENT and OUTCOME, the second in the OUTCOME of an answer."""

_TEXTS: Final = ("identifier", "number", "issuer", "issuer_code", "issued_on", "valid_from", "valid_to")
_COMMON: Final = frozenset({*_TEXTS, "status", "holders"})
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def request_digest(key: bytes, question: Query | Mapping[str, object]) -> str:
    """HMAC-SHA-256, in hex, of a question, or of one as a receipt file spells it. Raises TypeError for what has no canonical form."""
    return _keyed(key, "question", {"question": question, "v": VERSION})


def answer_digest(key: bytes, outcome: str, evidence: Sequence[object]) -> str:
    """HMAC-SHA-256, in hex, of an answer: ISSUED or NO_RECORD, and each paper, or one as `paper` or a receipt file spells it."""
    return _keyed(key, "answer", {"evidence": evidence, "outcome": outcome, "v": VERSION})


def question(query: Query) -> Mapping[str, object]:
    """The question as JSON values; its numbers and its request_id must be in canonical form."""
    return _object(query)


def verdict(field: str, given: Verdict) -> Mapping[str, object]:
    """What is disclosed of one claim as JSON values."""
    return {"field": field, "verdict": given.value}


def file(announced: CityFile) -> Mapping[str, object]:
    """What is disclosed of a file as JSON values; its digest stands for its bytes."""
    return {"format": announced.format, "sha256": announced.sha256, "size": announced.size}


def paper(evidence: Evidence) -> Mapping[str, object]:
    """What is disclosed of one certificate or e-licence as JSON values; what is not disclosed is empty."""
    return _object(evidence)


def plain(value: object) -> Any:
    """A frozen value as JSON values: bytes in hex, a date as its text, a set in order. Raises TypeError for what has no canonical form."""
    return orjson.loads(_canonical(value))


def _object(value: object) -> Mapping[str, object]:
    made = plain(value)
    if not isinstance(made, dict):
        raise TypeError("a question or a paper is an object")
    return made


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, _spelt, _OPTIONS)


def _spelt(value: object) -> object:
    """One step from a value towards JSON; its parts may need one of their own."""
    if type(value) is Coded:  # every row of a long statement has one
        return {"code": value.code, "text": value.text}
    return _SPELLINGS[type(value)](value)


def _paper(evidence: Evidence) -> object:
    values = evidence.values
    status, named = values.get("status"), values.get("holders")
    return {
        "type": evidence.type.code,
        "name": evidence.type.zh,
        **{name: values.get(name, "") for name in _TEXTS},
        "status": status.code if isinstance(status, Coded) else "",
        "holders": named.holders if isinstance(named, Holders) else (),
        "fields": {name: value for name, value in values.items() if name not in _COMMON},
        "findings": [(each.code, each.field) for each in evidence.findings],
    }


def _shown(presented: PresentedCode) -> object:
    """Its digest, so that no receipt and no file of one holds a code."""
    return {"presented_code_sha256": sha256(presented.code.encode()).hexdigest()}


def _asked(query: Query) -> object:
    """A question without claims or a file is spelled as it was before there were any, so that older receipts still bind it."""
    purpose, operator, basis = query.purpose, query.purpose.operator, query.legal_basis
    later = {name: part for name, part in (("claims", query.claims), ("file", query.file)) if part}
    return {
        "request_id": query.request_id,
        "evidence_type": query.evidence_type,
        "provider_region": query.provider_region,
        "holder": query.holder,
        "purpose": {
            "matter_code": purpose.matter_code,
            "matter_name": purpose.matter_name,
            "case_number": purpose.case_number,
            "operator": {"account": operator.account, "role": operator.role, "name": operator.name},
        },
        "legal_basis": {"kind": basis.kind, "reference": basis.reference, "token": basis.token.hex()},
        "parameters": dict(query.parameters),
        "fields": sorted(query.fields),
        **later,
    }


class _Spellings(dict[type, Callable[[Any], object]]):
    """By the very class; a dataclass is found out about once, and then is its parts by their names."""

    def __missing__(self, kind: type) -> Callable[[Any], object]:
        """For a class that was not met before. Raises TypeError where it has no parts."""
        names = tuple(getattr(kind, "__dataclass_fields__", ()))
        if not names:
            raise TypeError(f"{kind.__name__} has no canonical form")
        self[kind] = spell = lambda value: {name: getattr(value, name) for name in names}
        return spell


# What the writer of JSON does not spell by itself: it asks here for these alone, and not for each of a hundred values.
_SPELLINGS: Final = _Spellings(
    {
        Rows: lambda value: {"rows": value.rows},
        Evidence: _paper,
        Query: _asked,
        PresentedCode: _shown,
        MappingProxyType: MappingProxyType.copy,  # a tenth of what dict takes to do the same
        frozenset: sorted,
        bytes: bytes.hex,
        date: date.isoformat,
        datetime: datetime.isoformat,
    }
)


def _keyed(key: bytes, use: str, whole: Mapping[str, object]) -> str:
    return hmac.digest(key, use.encode() + b"\0" + _canonical(whole), "sha256").hex()
