"""The connection test of a city's interface: TLS by which both sides know each other, one answer, and the log-in where there is one.

Law: nobody is asked about; what is sent is the base address alone, and what our own account logs in with.
Standard: RFC 9110 section 6.6.1 (Date).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Protocol, runtime_checkable

from adapters.connectors.http import HttpClient
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpRequest
from gateway.model.refusal import Reason, Refusal

_NOT_LET_IN: Final = HTTPStatus.BAD_REQUEST
"""What the usual server in front of such an interface says over TLS 1.3 to a certificate that it does not take."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """The city answered. `status` of HTTP; `moment` by the city's own clock, None where it does not say; `logged_in` where one can."""

    status: int
    moment: datetime | None
    logged_in: bool


@runtime_checkable
class Greeting(Protocol):
    """An adapter that has a connection test."""

    async def greet(self, seconds: float) -> Greeted:
        """Raises Refusal, blame COUNTERPARTY, where we are not answered or not let in."""
        ...


async def greeted(http: HttpClient, system: str, seconds: float, log_in: Callable[[], Awaitable[Lease]] | None = None) -> Greeted:
    """One answer to a question for nothing, and a log-in. Raises Refusal, blame COUNTERPARTY."""
    answer = await http.send(HttpRequest("GET", "/", {}), seconds)
    if answer.status == _NOT_LET_IN:
        raise Refusal(Reason.CITY_REFUSED, f"{system}: HTTP status 400, as where our certificate is not taken")
    if log_in is not None:
        await log_in()
    return Greeted(answer.status, _moment(answer.headers.get("date", "")), log_in is not None)


def _moment(written: str) -> datetime | None:
    try:
        return parsedate_to_datetime(written).astimezone(UTC)
    except ValueError:
        return None
