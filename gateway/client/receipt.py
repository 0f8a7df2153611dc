"""A receipt: that the evidence log holds an exchange, checkable offline for as long as it is kept.

Laws: an answer that is handed in with its receipt is either tied to the entry or refused, never passed over.
Source: docs/receipts.md.
"""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.client.proving import Proven, ReceiptRefused, prove
from gateway.ledger.tree import leaf_hash
from gateway.model.binding import ANSWER_DIGEST, KEY_SIZE, REQUEST_DIGEST, answer_digest, request_digest
from gateway.model.exchange import Entry, EntryKind


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says that a receipt is of; an empty part is not claimed.

    `question` and `evidence` are JSON values as docs/receipts.md has them; `evidence` is claimed together with `outcome`, and
    `request_id`, which the question says, together with that.
    """

    exchange_id: str = ""
    outcome: str = ""
    question: Mapping[str, object] | None = field(default=None, repr=False)
    evidence: Sequence[object] | None = field(default=None, repr=False)
    request_id: str = ""


NOTHING = Claim()


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt that holds. `question` and `answer` tell whether these were there to be checked, and so hold too."""

    ending: Proven
    question: bool
    answer: bool

    @property
    def entry(self) -> Entry:
        """The entry that ended the exchange, or stands alone: of a search, or of a call that was refused at once."""
        return self.ending.entry


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the evidence log holds the exchange, and the proof that it does.

    `leaf` is what the leaf hash covers, `proof` a C2SP tlog-proof; `binding_key` is empty where the receipt was fetched later.
    """

    log: str
    intent_index: int
    outcome_index: int
    leaf_hash: bytes
    proof: str = field(default="", repr=False)
    leaf: bytes = field(default=b"", repr=False)
    binding_key: bytes = field(default=b"", repr=False)

    @property
    def is_reference(self) -> bool:
        """Whether it has no proof yet."""
        return not self.proof and not self.leaf

    def completed(self, fetched: "Receipt") -> "Receipt":
        """This reference with the proof of the receipt that was fetched later. Raises ReceiptRefused where that is of something else."""
        if replace(fetched, proof="", leaf=b"", binding_key=self.binding_key) != replace(self, proof="", leaf=b""):
            raise ReceiptRefused("the receipt that was fetched is of another entry than the reference")
        return replace(fetched, binding_key=self.binding_key)

    def verify(self, vkeys: Iterable[str], claim: Claim = NOTHING, policy: str | None = None) -> Verified:
        """Checks everything, without network. `vkeys`: of the log, one of which must have signed, and of witnesses, who all must have.

        `policy` is the text of a C2SP tlog-policy: its logs are believed like those of `vkeys`, and its quorum must have cosigned. An
        empty text is no policy, and refused.
        Raises ReceiptRefused.
        """
        if self.is_reference:
            raise ReceiptRefused("it is a reference without its proof: `kuacheng receipt fetch --complete FILE` gets that")
        if leaf_hash(self.leaf) != self.leaf_hash:
            raise ReceiptRefused("the leaf hash is not the one of the leaf")
        ending = prove(self.log, self.outcome_index, self.leaf, self.proof, vkeys, policy=policy)
        self._ends(ending.entry)
        _is_claimed(ending.entry, claim)
        return Verified(ending, self._asks(ending.entry, claim), self._answers(ending.entry, claim))

    def _ends(self, entry: Entry) -> None:
        if entry.kind is EntryKind.INTENT:
            raise ReceiptRefused("the entry is an intent: it does not say how the exchange ended")
        alone = entry.kind is not EntryKind.OUTCOME
        if self.intent_index > self.outcome_index or alone is not (self.intent_index == self.outcome_index):
            raise ReceiptRefused("the intent's index does not go before the entry that ended the exchange")

    def _asks(self, entry: Entry, claim: Claim) -> bool:
        if claim.question is None:
            if claim.request_id:
                raise ReceiptRefused("nothing ties the request_id but the question, which is not there")
            return False
        question, key = claim.question, self._key()
        _bound(entry, REQUEST_DIGEST, question, lambda: request_digest(key, question), "question")
        if claim.request_id and claim.request_id != question.get("request_id"):
            raise ReceiptRefused("the request_id is not the question's")
        return True

    def _answers(self, entry: Entry, claim: Claim) -> bool:
        if claim.evidence is None:
            return False
        outcome, evidence, key = claim.outcome, claim.evidence, self._key()
        _bound(entry, ANSWER_DIGEST, evidence, lambda: answer_digest(key, outcome, evidence), "answer")
        return True

    def _key(self) -> bytes:
        if len(self.binding_key) != KEY_SIZE:
            raise ReceiptRefused(
                "the receipt has no binding key, so nothing ties a question or an answer to it; verify it without them"
            )
        return self.binding_key


@dataclass(frozen=True, slots=True)
class Intent:
    """The entry made before the city was asked, and its proof."""

    index: int
    leaf: bytes = field(repr=False)
    proof: str = field(repr=False)

    def verify(self, log: str, exchange_id: str, vkeys: Iterable[str], policy: str | None = None) -> Proven:
        """Checks that this intent of this exchange stands in the log. Raises ReceiptRefused."""
        proven = prove(log, self.index, self.leaf, self.proof, vkeys, policy=policy)
        if proven.entry.kind is not EntryKind.INTENT or proven.entry.exchange_id != exchange_id:
            raise ReceiptRefused("the entry is not the intent of this exchange")
        return proven


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the log holds of an exchange: `receipt` is None while it has not ended, `intent` for a call that was refused at once."""

    exchange_id: str
    receipt: Receipt | None
    intent: Intent | None


def _is_claimed(entry: Entry, claim: Claim) -> None:
    if claim.exchange_id and claim.exchange_id != entry.exchange_id:
        raise ReceiptRefused("the entry is of another exchange")
    if claim.outcome and claim.outcome != entry.facts.get("result"):
        raise ReceiptRefused("the entry records another outcome")


def _bound(entry: Entry, fact: str, said: object, make: Callable[[], str], what: str) -> None:
    try:
        json.dumps(said, allow_nan=False)  # the digest itself would take what is no number for null
        made = make()
    except (ValueError, TypeError, RecursionError) as error:
        raise ReceiptRefused(f"the {what} cannot be written down in canonical form") from error
    if not hmac.compare_digest(str(entry.facts.get(fact, "")).encode(), made.encode()):
        raise ReceiptRefused(f"the {what} is not the one that the entry binds")
