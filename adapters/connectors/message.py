"""The HTTP messages between a dialect and its transport, as values; and what an HTTP status alone says.

Source of the statuses: RFC 9110 section 15.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from adapters.connectors.verdict import invalid
from gateway.model.refusal import Reason, Refusal

_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `path` is percent-encoded, with its query, and may carry a secret."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer, whole. Header names are found in any case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def accepted_body(response: HttpResponse, where: str) -> bytes:
    """The body of an answer whose HTTP status is 2xx; any other status ends as a Refusal."""
    status = response.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return response.body
    told = f"http-{status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Refusal(Reason.CITY_UNAVAILABLE, f"{where}: HTTP status says that the system failed", city_status=told)
    if status in _DENIED:
        raise Refusal(Reason.CITY_REFUSED, f"{where}: HTTP status says that we are not let in", city_status=told)
    raise invalid(where, "HTTP status is not 2xx", told)
