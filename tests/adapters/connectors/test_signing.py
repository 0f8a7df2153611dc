"""Signatures, with the vectors of the two cities' interface pages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.signing import ClockUnit, Digest, Part, Scheme, Signer, Spelling, Stamp, signed_headers

MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
PLAIN = Scheme(
    headers={Part.ACCOUNT: "x-account", Part.MOMENT: "x-time", Part.NONCE: "x-nonce"},
    signature_header="x-signature",
    parts=(Part.MOMENT, Part.SECRET, Part.NONCE, Part.MOMENT),
    digest=Digest.SHA256,
    spelling=Spelling.HEX,
    unit=ClockUnit.SECONDS,
)
KEYED = Scheme(
    headers={Part.ACCOUNT: "sid", Part.MOMENT: "rtime", Part.NONCE: "rid"},
    signature_header="sign",
    parts=(Part.ACCOUNT, Part.NONCE, Part.MOMENT),
    digest=Digest.HMAC_SHA256,
    spelling=Spelling.BASE64,
    unit=ClockUnit.MILLISECONDS,
)


def test_digest_over_parts_as_guangzhou_publishes_it() -> None:
    assert signed_headers(PLAIN, Signer("account", "token"), Stamp(MOMENT, "123456789abcdefg")) == {
        "x-account": "account",
        "x-time": "1700000000",
        "x-nonce": "123456789abcdefg",
        "x-signature": "1ccd4cba6d7e967f941117a5dfe59a021f6c219ce37e43b5f01790cf0ab21058",
    }


def test_keyed_digest_as_foshan_publishes_it() -> None:
    assert signed_headers(KEYED, Signer("sid", "secret"), Stamp(MOMENT, "rid")) == {
        "sid": "sid",
        "rtime": "1700000000000",
        "rid": "rid",
        "sign": "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q=",
    }


def test_the_national_digests_take_the_secret_as_a_part_or_as_the_key() -> None:
    plain = replace(PLAIN, parts=(Part.SECRET,), digest=Digest.SM3)
    signature = signed_headers(plain, Signer("account", "abc"), Stamp(MOMENT, "nonce"))["x-signature"]
    assert signature == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    keyed = replace(PLAIN, parts=(Part.ACCOUNT,), digest=Digest.HMAC_SM3)
    signature = signed_headers(keyed, Signer("hello world", "key"), Stamp(MOMENT, "nonce"))["x-signature"]
    assert signature == "48245db81a87a488078f1fdb5e65ba910845fc319efa51b85f1266d8e37db715"


def test_upper_case_and_separator_are_knobs() -> None:
    upper = replace(PLAIN, spelling=Spelling.HEX_UPPER)
    apart = replace(PLAIN, separator="&")
    stamp, signer = Stamp(MOMENT, "123456789abcdefg"), Signer("account", "token")
    signature = signed_headers(PLAIN, signer, stamp)["x-signature"]
    assert signed_headers(upper, signer, stamp)["x-signature"] == signature.upper()
    assert signed_headers(apart, signer, stamp)["x-signature"] != signature


def test_milliseconds_are_exact_and_any_offset_is_one_moment() -> None:
    moment = datetime(2023, 11, 15, 6, 13, 20, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert signed_headers(KEYED, Signer("sid", "secret"), Stamp(moment, "rid"))["rtime"] == "1700000000999"


def test_no_scheme_sends_the_secret() -> None:
    with pytest.raises(RuntimeError):
        replace(PLAIN, headers={Part.SECRET: "x-secret"})


@given(st.text(st.characters(codec="utf-8")), st.text("0123456789abcdef", min_size=1))
def test_the_secret_stands_in_no_header_and_in_no_repr(secret: str, nonce: str) -> None:
    signer = Signer("account", f"<{secret}>")
    headers = signed_headers(PLAIN, signer, Stamp(MOMENT, nonce))
    assert re.fullmatch("[0-9a-f]{64}", headers["x-signature"])
    assert not any(signer.secret in each for each in (*headers.values(), repr(signer)))
