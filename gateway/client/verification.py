"""What comes back of claims: a verdict on each, and the receipt that binds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import grpc

from gateway.client.answer import Provenance, named, read_provenance, read_receipt
from gateway.client.failure import ClientFailure
from gateway.client.question import canonical
from gateway.client.receipt import Claim, Receipt, Verified
from gateway.model import binding
from gateway.model.evidence import Verdict
from gateway.model.exchange import Result
from gateway.model.query import Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdicts by field, in the order of the claims, with the question that they answer, as the gateway understood it."""

    request_id: str
    exchange_id: str
    verdicts: Mapping[str, Verdict] = field(repr=False)
    provenance: Provenance
    receipt: Receipt
    question: Query = field(repr=False)

    @property
    def claim(self) -> Claim:
        """What the receipt has to be of."""
        told = tuple(binding.verdict(field, verdict) for field, verdict in self.verdicts.items())
        return Claim(self.exchange_id, Result.VERIFIED.value, binding.question(self.question), told, self.request_id)

    def verify(self, vkeys: Iterable[str], policy: str | None = None) -> Verified:
        """Checks offline that the log holds these claims and these verdicts, see Receipt.verify. Raises ReceiptRefused."""
        return self.receipt.verify(vkeys, self.claim, policy)


def read(response: pb.VerifyResponse, asked: Query) -> Verification:
    """The verdicts that a response to these claims carries. Raises ClientFailure where they are not one for each claim."""
    verdicts = {each.field: _verdict(each.verdict) for each in response.verdicts}
    if list(verdicts) != [each.field for each in asked.claims]:
        raise ClientFailure("the gateway answered other claims than were made", grpc.StatusCode.INTERNAL)
    return Verification(
        response.request_id,
        response.exchange_id,
        MappingProxyType(verdicts),
        read_provenance(response.provenance),
        read_receipt(response.receipt),
        canonical(asked),
    )


def _verdict(number: int) -> Verdict:
    name = named(pb.Verdict.DESCRIPTOR, number)
    if name not in Verdict.__members__:
        message = f"the gateway answered with a verdict that this client does not know ({name}); install a newer client"
        raise ClientFailure(message, grpc.StatusCode.UNIMPLEMENTED)
    return Verdict(name)
