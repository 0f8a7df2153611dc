"""One entry of an evidence log, proven offline: by its bytes, a proof in text and the log's public key, and by nothing else.

Laws: nothing is believed of what is being checked; what was not checked is never told as checked; a refusal says which step failed.
Source: RFC 6962 2.1 (hashes); C2SP tlog-proof, tlog-checkpoint, signed-note, tlog-cosignature. In words: docs/receipts.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import NONCE_SIZE, MalformedEntry, decode
from gateway.ledger.note import Algorithm, Note, NoteRefused, Verifier
from gateway.ledger.policy import Policy, PolicyRefused
from gateway.ledger.tree import ProofRefused, leaf_hash
from gateway.model.exchange import Entry

_NO_POLICY = "quorum none"


class ReceiptRefused(ValueError):  # noqa: N818  named for what happened
    """A receipt does not prove what it should; the message says why, without a word of what stands in it."""


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry that stands at `index` of the tree of `size` entries, by the word of the log's key.

    `signed_by` are the vkeys of the log that signed; `witnessed` the names of witnesses that cosigned, and when.
    """

    log: str
    index: int
    size: int
    entry: Entry = field(repr=False)
    signed_by: tuple[str, ...]
    witnessed: tuple[tuple[str, datetime], ...]


def prove(log: str, index: int, leaf: bytes, proof: str, vkeys: Iterable[str], *, policy: str | None = None) -> Proven:
    """The entry of `log` at `index` whose leaf (nonce and body) this is.

    Of the `vkeys` and the logs of the policy, one of the log itself must have signed the checkpoint; every witness of the `vkeys` must have
    cosigned it, and of the policy's as many as its quorum needs. Raises ReceiptRefused.
    """
    try:
        wanted = Policy.parse(_NO_POLICY if policy is None else policy)
        asked = tuple(each.verifier for each in wanted.witnesses.values())
        verifiers = tuple(Verifier.parse(each) for each in vkeys)
        given = Proof.parse(proof)
        stated = given.stated()
        signers = Note.parse(given.checkpoint).verified({*verifiers, *wanted.logs, *asked})
        given.includes(leaf_hash(leaf))
    except PolicyRefused as error:
        raise ReceiptRefused(f"the policy: {error}") from error
    except (NoteRefused, ProofRefused) as error:
        raise ReceiptRefused(str(error)) from error
    except ValueError as error:  # of base64: a sign that is no ASCII
        raise ReceiptRefused("the proof is not in base64 where it has to be") from error
    _same(stated, given, log, index)
    if not wanted.is_met(signers):
        raise ReceiptRefused("the checkpoint lacks cosignatures that the policy needs: fetch the receipt anew when it has them")
    witnessed = _witnesses(signers, verifiers, asked)
    return Proven(log, index, stated.size, read_leaf(leaf), _logs(signers, log), witnessed)


def read_leaf(leaf: bytes) -> Entry:
    """The entry that a leaf (nonce and body) holds. Raises ReceiptRefused."""
    try:
        return decode(leaf[NONCE_SIZE:])
    except MalformedEntry as error:
        raise ReceiptRefused(f"the entry cannot be read: {error}") from error


def is_vkey(text: str) -> bool:
    """Whether the text is a verifier key."""
    try:
        Verifier.parse(text)
    except NoteRefused:
        return False
    return True


def _same(stated: Checkpoint, given: Proof, log: str, index: int) -> None:
    if stated.origin != log:
        raise ReceiptRefused("the checkpoint is of another log than the receipt names")
    if given.index != index:
        raise ReceiptRefused("the proof is of another index than the receipt names")


def _logs(signers: dict[Verifier, int], log: str) -> tuple[str, ...]:
    found = tuple(str(each) for each in signers if each.algorithm is Algorithm.ED25519 and each.name == log)
    if not found:
        raise ReceiptRefused(
            "no key that was given has signed the checkpoint for this log; ask the log's operator for its verifier key"
        )
    return found


def _witnesses(
    signers: dict[Verifier, int], verifiers: Iterable[Verifier], asked: Iterable[Verifier]
) -> tuple[tuple[str, datetime], ...]:
    """Who cosigned, of those who must and those who may."""
    needed = [each for each in verifiers if each.algorithm is Algorithm.COSIGNATURE_V1]
    for each in needed:
        if each not in signers:
            raise ReceiptRefused(f"the witness {each.name} has not cosigned the checkpoint")
    cosigned = dict.fromkeys([*needed, *(each for each in asked if each in signers)])
    return tuple((each.name, _moment(signers[each])) for each in cosigned)


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ReceiptRefused("a witness's moment lies outside the calendar") from error
