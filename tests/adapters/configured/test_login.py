"""The log-in of a described interface: its token, its life in every form, and whatever else may come."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpResponse
from adapters.connectors.moments import write_moment
from gateway.model.refusal import Blame, Refusal
from tests.adapters.configured.described import STAMP, compiled
from tests.adapters.configured.test_reading import FILE
from tests.adapters.hostile import hostile

ANSWER = '{levels: [{at: c, codes: {"0": ok}}], records: d}'
TRUE = {"code": "0", "token": "t-1", "life": 30, "end": write_moment(STAMP.moment + timedelta(hours=2), "%Y%m%d%H%M%S")}


def lease(form: str = "{for: 1h}", status: int = 200, **changed: Any) -> Any:
    dialect = compiled(FILE.replace("ANSWER", ANSWER).replace("{for: 1h}", form))
    return dialect.read_login(HttpResponse(status, {}, json.dumps({**TRUE, **changed}).encode()), STAMP.moment)


@pytest.mark.parametrize(
    ("life", "seconds"),
    [
        ("{for: 1h}", 3600),
        ("{at: life}", 30),
        ("{at: life, unit: minutes}", 1800),
        ("{at: life, unit: milliseconds}", 0.03),
        ('{until: end, form: "%Y%m%d%H%M%S"}', 7200),
    ],
)
def test_a_life_in_every_form(life: str, seconds: float) -> None:
    found = lease(life)
    assert found.secret == "t-1"
    assert found.seconds == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    ("life", "changed"),
    [
        ("{for: 1h}", {"code": "1"}),
        ("{for: 1h}", {"token": ""}),
        ("{for: 1h}", {"token": "a\r\nb"}),
        ("{for: 1h}", {"token": "何"}),
        ("{for: 1h}", {"token": 7}),
        ("{at: life}", {"life": 0}),
        ("{at: life}", {"life": -1}),
        ("{at: life}", {"life": True}),
        ("{at: life, unit: hours}", {"life": 9999}),
        ("{until: end, form: seconds}", {"end": "1"}),
        ("{until: end, form: seconds}", {"end": None}),
    ],
)
def test_what_is_no_token(life: str, changed: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        lease(life, **changed)


def test_a_status_of_http_gives_no_token() -> None:
    with pytest.raises(Refusal, match="CITY_UNAVAILABLE"):
        lease(status=502)


@given(hostile(json.dumps(TRUE).encode()), st.sampled_from(["{for: 1h}", "{at: life}", "{until: end, form: milliseconds}"]))
def test_a_token_or_a_refusal(body: bytes, life: str) -> None:
    dialect = compiled(FILE.replace("ANSWER", ANSWER).replace("{for: 1h}", life))
    found: Lease | Refusal
    try:
        found = dialect.read_login(HttpResponse(200, {}, body), STAMP.moment)
    except Refusal as refusal:
        found = refusal
    if isinstance(found, Refusal):
        assert found.blame is Blame.COUNTERPARTY
    else:
        assert found.secret.isascii()
        assert found.secret.isprintable()
