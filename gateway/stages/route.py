"""Which system of which city answers this, and which table translates. A number never decides it: only the region that was named."""

from gateway.model.exchange import Permit, Route
from gateway.model.query import PresentedCode
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.model.world import World


def route(permit: Permit, world: World) -> Route:
    """The way to the city. Raises UNKNOWN_REGION if the region does not answer for this type here, or INVALID_REQUEST for no shown code."""
    table = world.tables.get((permit.query.provider_region, permit.type.code))
    if table is None:
        violation = Violation(
            "provider_region", "a region that answers for this type; DirectoryService.ListEvidenceTypes lists them"
        )
        raise Refusal(Reason.UNKNOWN_REGION, "the region does not answer for this type", violations=(violation,))
    if isinstance(permit.query.holder, PresentedCode) and table.presenting is None:
        rule = "this region takes no shown code for this type: ask by `holder`; DirectoryService.ListEvidenceTypes lists those that do"
        raise Refusal(Reason.INVALID_REQUEST, "presented_code is at fault", violations=(Violation("presented_code", rule),))
    return Route(permit, table)
