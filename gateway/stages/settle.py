"""What became of a code that serves once (亮证), where the city gave no answer.

Laws: a code that may have reached the city is used up, and is not sent again; only of what surely did not reach it is that not said. Who
comes with a ticket sends no code: what is lost then is asked for again.
"""

from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.refusal import Reason, Refusal, Unasked, Unfinished

_LOSSES = frozenset({Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT})


def settle(told: CityAnswer | CityTicket | Refusal, request: CityRequest) -> CityAnswer | CityTicket | Refusal:
    """What the city told; of a lost answer to a code PRESENTED_CODE_UNANSWERED, for it may be used up."""
    if not request.once or request.ticket or not isinstance(told, Refusal) or isinstance(told, Unasked):
        return told
    if told.reason not in _LOSSES and not isinstance(told, Unfinished):
        return told
    return Refusal(Reason.PRESENTED_CODE_UNANSWERED, told.detail, city_status=told.city_status)
