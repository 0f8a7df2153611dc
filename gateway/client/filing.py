"""Receipts as files: JSON as `kuacheng query -o json` and `kuacheng receipt fetch` print it, or the member `receipt` of that alone.

Law: whatever is read is judged before it is used; a file that is damaged is refused with the member that is at fault.
Source: docs/receipts.md, "The file".
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.client.proving import Proven, ReceiptRefused
from gateway.client.receipt import Claim, Intent, Receipt, Verified

T = TypeVar("T")
_LARGEST = 64 * 2**20
_HIGHEST = 2**63
_TOLD = ("verdicts", "files")
"""What stands in place of `evidence` where that was not asked for."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file holds: a receipt, what it is said to be of, and the intent where the file has it."""

    receipt: Receipt
    claim: Claim
    intent: Intent | None

    def verify(self, vkeys: Iterable[str], policy: str = "") -> tuple[Verified, Proven | None]:
        """Checks everything that is there, see Receipt.verify; the intent too, if there is one. Raises ReceiptRefused."""
        keys = tuple(vkeys)
        verified = self.receipt.verify(keys, self.claim, policy)
        if self.intent is None:
            return verified, None
        if self.intent.index != self.receipt.intent_index:
            raise ReceiptRefused("the intent stands elsewhere than the receipt says")
        return verified, self.intent.verify(self.receipt.log, verified.entry.exchange_id, keys, policy)


def read(text: str) -> Filed:
    """What the file says, nothing of it verified. Raises ReceiptRefused."""
    whole = _object(text)
    if "receipt" not in whole:
        return Filed(_receipt(whole), Claim(), None)
    kept = _member(whole, "receipt", _is_object)
    intent = whole.get("intent")
    claim = Claim(
        _optional(whole, "exchange_id", _is_text, ""),
        _optional(whole, "outcome", _is_text, ""),
        _optional(whole, "question", _is_object, None),
        _optional(whole, next((each for each in _TOLD if each in whole), "evidence"), _is_list, None),
    )
    return Filed(_receipt(kept), claim, _intent(intent) if isinstance(intent, dict) else None)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError) as error:
        raise ReceiptRefused("the file is no JSON") from error
    if not isinstance(found, dict):
        raise ReceiptRefused("the file is no receipt: it is an object of JSON, as `kuacheng query -o json` prints it")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _receipt(kept: Mapping[str, Any]) -> Receipt:
    return Receipt(
        log=_member(kept, "log", _is_text),
        intent_index=_member(kept, "intent_index", _is_index),
        outcome_index=_member(kept, "outcome_index", _is_index),
        leaf_hash=_bytes(kept, "leaf_hash"),
        proof=_member(kept, "proof", _is_text),
        leaf=_bytes(kept, "leaf"),
        binding_key=_bytes(kept, "binding_key") if kept.get("binding_key") else b"",
    )


def _intent(kept: Mapping[str, Any]) -> Intent:
    return Intent(_member(kept, "index", _is_index), _bytes(kept, "leaf"), _member(kept, "proof", _is_text))


def _bytes(kept: Mapping[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(_member(kept, name, _is_text))
    except ValueError as error:
        raise ReceiptRefused(f"the file is no receipt: {name} is not in hexadecimal digits") from error


def _member(kept: Mapping[str, Any], name: str, is_right: Callable[[Any], bool]) -> Any:
    if name not in kept or not is_right(kept[name]):
        raise ReceiptRefused(f"the file is no receipt: {name} is missing or of another kind")
    return kept[name]


def _optional(kept: Mapping[str, Any], name: str, is_right: Callable[[Any], bool], absent: T) -> Any | T:
    return _member(kept, name, is_right) if name in kept else absent


def _is_text(value: object) -> bool:
    """Whether UTF-8 can write it: JSON can hold half a surrogate pair."""
    return isinstance(value, str) and value.encode(errors="ignore").decode() == value


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _HIGHEST


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)
