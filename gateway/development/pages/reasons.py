"""docs/reasons.md: every reason for which a query can be refused, from the one table that words them."""

from collections.abc import Iterator

from gateway.development.pages.markdown import code, head, plain, table
from gateway.model.refusal import Blame, Reason
from gateway.rpc.status import DOMAIN, WORDINGS, Retry

_WHO = {
    Blame.CALLER: "the caller has to mend the request",
    Blame.POLICY: "somebody has to decide: an agreement, a certificate, an authorisation",
    Blame.COUNTERPARTY: "the other city did not answer, or not as its own interface says; none of these is NO_RECORD",
    Blame.OURS: "the gateway",
}
_AGAIN = {Retry.NEVER: "no", Retry.SAME_ID: "yes, same request_id", Retry.NEW_ID: "yes, new request_id"}

_INTRODUCTION = f"""
A refused call ends in a gRPC status with these details (`grpc-status-details-bin`, google.rpc):

| detail | carries |
| --- | --- |
| `ErrorInfo` | `reason`: a name below; `domain`: `{DOMAIN}`; `metadata`: `blame` and `exchange_id` |
| `LocalizedMessage` | the Chinese text below, `zh-CN` |
| `BadRequest` | the path of each field at fault and what is asked of it, where a field is at fault |
| `RetryInfo` | where asking again makes sense: after how long |

Judge by `reason`, not by the gRPC code: several reasons share one. Numbers and names are append-only; a client that meets a reason
newer than itself goes by `blame` and `RetryInfo`. [integration.md](integration.md) says what to do about each kind.
"""


def page() -> str:
    """The page."""
    sections = (f"\n## Blame {blame.value}: {_WHO[blame]}\n\n{table(_COLUMNS, _rows(blame))}" for blame in Blame)
    return head("Reasons of refusal", "gateway/rpc/status.py and gateway/model/refusal.py") + _INTRODUCTION + "".join(sections)


_COLUMNS = ("number", "reason", "gRPC code", "cause", "ask again", "what to do", "zh-CN")


def _rows(blame: Blame) -> Iterator[tuple[str, ...]]:
    for reason in Reason:
        if reason.blame is blame:
            said = WORDINGS[reason]
            again = _AGAIN[said.retry] + (f", after {said.after:g} s" if said.retry is not Retry.NEVER else "")
            cause, mend = plain(said.cause), plain(said.mend)
            yield (str(reason.number), code(reason.name), code(said.code.name), cause, again, mend, plain(said.zh))
