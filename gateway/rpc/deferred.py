"""Deferred questions as protobuf: which one, and how far it is. Nothing of any evidence."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.model.deferral import Deferral, Progress, Stage
from gateway.rpc.pb.v1 import evidence_pb2 as pb

_STAGES: Mapping[Stage, pb.DeferralStage.ValueType] = MappingProxyType(
    {each: pb.DeferralStage.Value(f"DEFERRAL_STAGE_{each.value}") for each in Stage}
)


def progress(step: Progress) -> pb.DeferralProgress:
    """One step."""
    return pb.DeferralProgress(stage=_STAGES[step.stage], at=_moment(step.at), deferral=deferral(step.deferral))


def deferral(kept: Deferral) -> pb.Deferral:
    """What its caller is told of it: the ticket stays here."""
    return pb.Deferral(exchange_id=kept.exchange_id, asked_at=_moment(kept.asked_at), until=_moment(kept.until))


def _moment(moment: datetime) -> Timestamp:
    written = Timestamp()
    written.FromDatetime(moment)
    return written
