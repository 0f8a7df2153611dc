"""What an HTTP status alone says, and that requests do not show their secrets."""

import pytest

from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from gateway.model.refusal import Reason, Refusal


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_has_a_body(status: int) -> None:
    assert accepted_body(HttpResponse(status, {}, b"body"), "here") == b"body"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (100, Reason.CITY_ANSWER_INVALID),
        (302, Reason.CITY_ANSWER_INVALID),
        (400, Reason.CITY_ANSWER_INVALID),
        (401, Reason.CITY_REFUSED),
        (403, Reason.CITY_REFUSED),
        (404, Reason.CITY_ANSWER_INVALID),
        (500, Reason.CITY_UNAVAILABLE),
        (503, Reason.CITY_UNAVAILABLE),
        (599, Reason.CITY_UNAVAILABLE),
    ],
)
def test_any_other_status_is_a_refusal(status: int, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        accepted_body(HttpResponse(status, {}, b"secret"), "here")
    assert (caught.value.reason, caught.value.city_status) == (reason, f"http-{status}")
    assert "secret" not in caught.value.detail


def test_nothing_of_a_message_shows() -> None:
    request = HttpRequest("POST", "/?access_token=secret", {"x-sign": "secret"}, b"secret")
    assert repr(request) == "HttpRequest(method='POST')"
    assert repr(HttpResponse(200, {"a": "secret"}, b"secret")) == "HttpResponse(status=200)"
