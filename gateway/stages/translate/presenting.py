"""A question by the code that a holder shows (亮证): what becomes of an answer that nobody was named for.

Laws: whose papers they are the city says, and one holder only, or nothing is disclosed; that holder is named by a number that its standard
allows, for by it the evidence log finds the exchange; a code that brings no paper was not taken, and is never NO_RECORD.
Serves: PIPL art. 44, 45 (the holder learns who looked, though no number was asked by).
"""

from collections.abc import Iterable, Mapping

from gateway.model.city import CityAnswer
from gateway.model.evidence import Evidence, EvidenceHolder, Holders, Value
from gateway.model.exchange import Route
from gateway.model.identifiers import HolderIdType
from gateway.model.query import Holder, HolderType, PresentedCode
from gateway.model.refusal import Reason, Refusal
from gateway.stages.translate import reading
from gateway.stages.translate.naming import canonical


def shower(evidence: tuple[Evidence, ...], answer: CityAnswer, way: Route) -> Holder | None:
    """Who showed the code that was asked by; None for a question that names its holder. Raises as `shown`."""
    if not isinstance(way.permit.query.holder, PresentedCode):
        return None
    return shown([each.values for each in evidence], answer, way)


def shown(records: Iterable[Mapping[str, Value]], answer: CityAnswer, way: Route) -> Holder:
    """The one holder of all the records, or of several the one whom the city names.

    Raises HOLDER_AMBIGUOUS, CITY_ANSWER_INVALID, and PRESENTED_CODE_REFUSED where there is no record.
    """
    if answer.no_record:
        raise Refusal(Reason.PRESENTED_CODE_REFUSED, "the code brought no paper", city_status=answer.status)
    named = [held.holders if isinstance(held := values.get("holders"), Holders) else () for values in records]
    kind = way.table.type
    if any(len(holders) > kind.holder_count for holders in named):
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city's records are about several holders")
    meant = [[each for each in holders if _is_meant(each, answer.shown_by)] for holders in named]
    if not all(meant):
        raise reading.invalid("holders", "does not hold who showed the code")
    found = {_holder(each) for holders in meant for each in holders}
    if len(found) != 1:
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city does not say which of several holders showed the code")
    holder = found.pop()
    if holder.type not in kind.holder_types:
        raise reading.invalid("holders", "is of a kind that does not hold this evidence")
    return holder


def _is_meant(holder: EvidenceHolder, number: str) -> bool:
    return not number or holder.id_number.upper() == number.upper()


def _holder(held: EvidenceHolder) -> Holder:
    number = canonical(held.id_number.upper(), held.id_type)
    if number is None:
        raise reading.invalid("holders", "has a number that is none by its standard")
    return Holder(HolderType(HolderIdType.parse(held.id_type).holder_kind.value), held.id_type, number, held.name)
