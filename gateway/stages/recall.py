"""Whether this caller may see what the log holds of an exchange.

Laws: the department that asked sees its own exchanges, all of its systems alike; a department is its credit code under the region whose
authority vouches for it, for every authority can write any code into a certificate; what is another's and what is not there are
refused with the same words, so that nobody learns from a refusal whether an exchange took place. What was purged is told to the
department that asked, as long as the intent's replay key still says which that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.exchange import EntryKind, Gone, Logged, Recorded
from gateway.model.identity import Caller
from gateway.model.refusal import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Recalled:
    """Where the log holds an exchange. `intent` is None for a call refused at once, `ending` while the exchange has not ended."""

    intent: Recorded | None
    ending: Recorded | None


def recall(caller: Caller, found: Sequence[Logged | Gone]) -> Recalled:
    """What the caller may see of the entries of one exchange. Raises UNKNOWN_EXCHANGE, EXCHANGE_PURGED."""
    if any(_asked_once(caller, each) for each in found if isinstance(each, Gone)):
        raise Refusal(Reason.EXCHANGE_PURGED, "what the log held of the exchange was purged after its time")
    there = [each for each in found if isinstance(each, Logged)]
    if not any(_asked(caller, each) for each in there):
        raise Refusal(Reason.UNKNOWN_EXCHANGE, "the log holds no such exchange of the caller's department")
    intents = [each.recorded for each in there if each.entry.kind is EntryKind.INTENT]
    endings = [each.recorded for each in there if each.entry.kind is not EntryKind.INTENT]
    return Recalled(next(iter(intents), None), next(iter(endings), None))


def _asked(caller: Caller, logged: Logged) -> bool:
    facts = logged.entry.facts
    return (facts.get("caller_region"), facts.get("caller_department")) == (caller.region, caller.department)


def _asked_once(caller: Caller, gone: Gone) -> bool:
    """By the name of the system that asked, which begins with its department's in that region's trust domain."""
    department, system, _ = caller.uri.rpartition("/system/")
    return bool(system) and gone.replay_key.startswith(department + system)
