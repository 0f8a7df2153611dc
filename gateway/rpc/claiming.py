"""Claims as protobuf: read into canonical form, and what is at fault in them.

Laws: a field is claimed once, so that nobody tries two values of it in one request; a violation never repeats a value.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.model.claiming import canonical
from gateway.model.query import Claimed
from gateway.model.refusal import Violation
from gateway.rpc.pb.v1 import evidence_pb2 as pb

MOST: Final = 16
"""Claims in one request: each is a guess that a caller may make."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WANTED: Final = "needs a field, as the directory spells it, and a value in the form of its kind; no rows"


def read(given: Sequence[pb.Claim]) -> tuple[tuple[Claimed, ...], tuple[Violation, ...]]:
    """The claims that read, and what is wrong with the others and with all together."""
    if not 1 <= len(given) <= MOST:
        return (), (Violation("claims", f"1 to {MOST}"),)
    listed = list(given)
    claims = [_claimed(each) for each in listed]
    return tuple(each for each in claims if each is not None), tuple(_faults(listed, claims))


def _faults(listed: list[pb.Claim], claims: list[Claimed | None]) -> Iterator[Violation]:
    if len({each.field for each in listed}) != len(listed):
        yield Violation("claims", "names one field twice")
    yield from (Violation(f"claims[{place}]", _WANTED) for place, each in enumerate(claims) if each is None)


def _claimed(claim: pb.Claim) -> Claimed | None:
    kind = claim.value.WhichOneof("kind")
    if kind in (None, "rows") or not _NAME.fullmatch(claim.field):
        return None
    value = canonical(str(kind), _text(claim.value, str(kind)))
    return None if value is None else Claimed(claim.field, str(kind), value)


def _text(value: pb.Value, kind: str) -> str:
    if kind == "coded":
        return value.coded.code
    return f"{value.period.first}/{value.period.last}" if kind == "period" else str(getattr(value, kind))
