"""Receipts as files: JSON as `kuacheng query -o json` and `kuacheng receipt fetch` print it, or the member `receipt` of that alone.

Laws: whatever is read is judged before it is used; a file that is damaged is refused with the member that is at fault. A member is tied to
the receipt, or told as not proven, or refused: none is passed over, and none is read otherwise by another reader.
Source: docs/receipts.md, "The file".
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gateway.client.proving import Proven, ReceiptRefused
from gateway.client.receipt import Claim, Intent, Receipt, Verified
from gateway.model.exchange import Result

T = TypeVar("T")
_LARGEST = 64 * 2**20
_HIGHEST = 2**63
_RECEIPT: Final = ("log", "intent_index", "outcome_index", "leaf_hash", "proof", "leaf", "binding_key")
_INTENT: Final = ("index", "leaf", "proof")
_ANSWERS: Final = ("evidence", "verdicts", "files")
"""What the city said, by what was asked."""
_TIED: Final = ("request_id", "exchange_id", "outcome", *_ANSWERS, "question", "receipt", "intent")
_UNPROVEN: Final = ("provenance", "deferral", "total_usages", "usages", "next_page_token")
"""What the entry does not bind."""
_FILE: Final = frozenset({"format", "sha256", "size"})


@dataclass(frozen=True, slots=True)
class Filed:
    """What a file holds: a receipt, what it is said to be of, and the intent where the file has it.

    `unproven` are the members that no receipt proves: whoever verifies the file knows no more of them than before.
    """

    receipt: Receipt
    claim: Claim
    intent: Intent | None
    unproven: tuple[str, ...] = ()

    def verify(self, vkeys: Iterable[str], policy: str | None = None) -> tuple[Verified, Proven | None]:
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
    _only(whole, (*_TIED, *_UNPROVEN))
    receipt = _receipt(_member(whole, "receipt", _is_object))
    outcome, question = _optional(whole, "outcome", _is_name, ""), _optional(whole, "question", _is_object, None)
    request_id = _optional(whole, "request_id", _is_name, "")
    claim = Claim(
        _optional(whole, "exchange_id", _is_name, ""),
        outcome,
        question,
        _answer(whole, outcome, question),
        request_id if question is not None else "",
    )
    untied = ("request_id",) if request_id and question is None else ()
    unproven = (*untied, *(each for each in _UNPROVEN if whole.get(each) is not None))
    return Filed(receipt, claim, _intent(whole["intent"]) if whole.get("intent") is not None else None, unproven)


def _object(text: str) -> dict[str, Any]:
    try:
        whole = len(text) <= _LARGEST
        found = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once) if whole else None
    except ReceiptRefused:
        raise
    except (ValueError, RecursionError) as error:
        raise ReceiptRefused("the file is no JSON") from error
    if not isinstance(found, dict):
        raise ReceiptRefused("the file is no receipt: it is an object of JSON, as `kuacheng query -o json` prints it")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Of a name that stands twice one reader takes the first and another the last (RFC 8259, 4)."""
    made = dict(members)
    if len(made) != len(members):
        raise ReceiptRefused("the file has a member of one name twice, so it does not say one thing")
    return made


def _only(kept: Mapping[str, Any], known: Collection[str]) -> None:
    """No other members, for nobody checks those; some readers take `Evidence` for `evidence`."""
    if not kept.keys() <= set(known):
        raise ReceiptRefused(
            f"a member is none of {', '.join(known)}: take it out, or install a newer kuacheng if the gateway's is newer than this one"
        )


def _answer(whole: Mapping[str, Any], outcome: str, question: Mapping[str, Any] | None) -> list[Any] | None:
    """What the file says that the city said, under the one name that fits."""
    given = [each for each in _ANSWERS if each in whole]
    if not given:
        return None
    if len(given) > 1:
        raise ReceiptRefused(f"the file has several of {', '.join(_ANSWERS)}: an exchange has one answer")
    told: list[Any] = _member(whole, given[0], _is_list)
    fitting = _fitting(outcome, question, told)
    if given[0] not in fitting:
        raise ReceiptRefused(f"{given[0]} is not the answer to what was asked: that is called {' or '.join(fitting)}")
    return told


def _fitting(outcome: str, question: Mapping[str, Any] | None, told: Sequence[Any]) -> Sequence[str]:
    """The names by which a file may have this answer; without its question an empty one may be of papers, or of a file."""
    if outcome == Result.VERIFIED:
        return ("verdicts",)
    if question is None and not told:
        return ("evidence", "files")
    is_file = all(isinstance(each, dict) and each.keys() == _FILE for each in told) if question is None else "file" in question
    return ("files",) if is_file else ("evidence",)


def _receipt(kept: Mapping[str, Any]) -> Receipt:
    made = Receipt(
        log=_member(kept, "log", _is_text),
        intent_index=_member(kept, "intent_index", _is_index),
        outcome_index=_member(kept, "outcome_index", _is_index),
        leaf_hash=_bytes(kept, "leaf_hash"),
        proof=_member(kept, "proof", _is_text),
        leaf=_bytes(kept, "leaf"),
        binding_key=_bytes(kept, "binding_key") if "binding_key" in kept else b"",
    )
    _only(kept, _RECEIPT)
    return made


def _intent(kept: Any) -> Intent:
    if not _is_object(kept):
        raise ReceiptRefused("the file is no receipt: intent is of another kind")
    _only(kept, _INTENT)
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


def _is_name(value: object) -> bool:
    return _is_text(value) and value != ""


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _HIGHEST


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)
