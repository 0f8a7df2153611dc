"""Whether this caller may see what the log holds of an exchange.

Laws: the department that asked sees its own exchanges, all of its systems alike; a department is its credit code under the region whose
authority vouches for it, for every authority can write any code into a certificate; what is another's and what is not there are
refused with the same words, so that nobody learns from a refusal whether an exchange took place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.exchange import EntryKind, Logged, Recorded
from gateway.model.identity import Caller
from gateway.model.refusal import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Recalled:
    """Where the log holds an exchange. `intent` is None for a call refused at once, `ending` while the exchange has not ended."""

    intent: Recorded | None
    ending: Recorded | None


def recall(caller: Caller, found: Sequence[Logged]) -> Recalled:
    """What the caller may see of the entries of one exchange. Raises UNKNOWN_EXCHANGE."""
    if not any(_asked(caller, each) for each in found):
        raise Refusal(Reason.UNKNOWN_EXCHANGE, "the log holds no such exchange of the caller's department")
    intents = [each.recorded for each in found if each.entry.kind is EntryKind.INTENT]
    endings = [each.recorded for each in found if each.entry.kind is not EntryKind.INTENT]
    return Recalled(next(iter(intents), None), next(iter(endings), None))


def _asked(caller: Caller, logged: Logged) -> bool:
    facts = logged.entry.facts
    return (facts.get("caller_region"), facts.get("caller_department")) == (caller.region, caller.department)
