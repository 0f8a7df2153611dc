"""Receipts as protobuf."""

import re

from gateway.model.exchange import Checkpointed, Recorded
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc import decoding
from gateway.rpc.decoding import Unread
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.rpc.pb.v1 import ledger_service_pb2 as pb
from gateway.stages.recall import Recalled

_EXCHANGE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def exchange_id(request: pb.GetReceiptRequest | Unread) -> str:
    """The exchange that is asked for. Raises INVALID_REQUEST."""
    if isinstance(request, Unread):
        raise decoding.refusal(request, pb.GetReceiptRequest)
    if not _EXCHANGE_ID.fullmatch(request.exchange_id):
        wanted = Violation("exchange_id", "is required: the exchange_id of an answer or a refusal")
        raise Refusal(Reason.INVALID_REQUEST, "at fault: exchange_id", violations=(wanted,))
    return request.exchange_id


def receipt(intent: Recorded, ending: Recorded, binding_key: bytes = b"") -> evidence_pb2.Receipt:
    """The receipt of the entry that ended an exchange; `binding_key` is there only with the answer itself."""
    whole = evidence_pb2.Receipt()
    write(whole, intent, ending, binding_key)
    return whole


def write(into: evidence_pb2.Receipt, intent: Recorded, ending: Recorded, binding_key: bytes, *, short: bool = False) -> None:
    """The same, in its place. A short one is a reference: where the entry stands and what binds it, without what GetReceipt gives."""
    into.log, into.intent_index, into.outcome_index = ending.log, intent.index, ending.index
    into.leaf_hash, into.binding_key = ending.leaf_hash, binding_key
    if not short:
        into.proof, into.leaf = ending.proof.encode(), ending.leaf


def recalled(exchange_id: str, found: Recalled) -> pb.GetReceiptResponse:
    """What the caller asked to see again."""
    made = pb.GetReceiptResponse(exchange_id=exchange_id)
    if found.ending is not None:
        made.receipt.CopyFrom(receipt(found.intent or found.ending, found.ending))
    if found.intent is not None:
        intent = found.intent
        made.intent.CopyFrom(pb.LoggedEntry(index=intent.index, leaf=intent.leaf, proof=intent.proof.encode()))
    return made


def checkpoint(made: Checkpointed) -> pb.GetCheckpointResponse:
    """The state of the log."""
    return pb.GetCheckpointResponse(log=made.log, checkpoint=made.note.encode())
