"""Who comes through the front proxy is judged as if they had come themselves; nobody else names a caller, and the proxy is none."""

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest

from certs import subject
from certs.extensions import Profile, Usage
from gateway.model.identity import Peer, Revoked, Trust
from gateway.model.refusal import Reason, Refusal
from gateway.stages.identify import identify
from tests.certs import faulty
from tests.gateway.stages.builders import NOW, authorities, peer, trust

PROXY = subject.department_system(faulty.OWN_TRUST_DOMAIN, faulty.CREDIT_CODE, "front-proxy")
DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def proxy() -> Peer:
    """That ends a day before the callers behind it."""
    profile = Profile(uri=PROXY, usages=frozenset({Usage.CLIENT}))
    return Peer(authorities().own.issue(profile, NOW - DAY, DAY + DAY / 2).certificate)


def behind(shown: Peer, by: Peer | None = None) -> Peer:
    return replace(by or proxy(), forwarded=shown)


def believing(**changes: Any) -> Trust:
    return trust(front_proxy=PROXY, **changes)


def told(shown: Peer, believed: Trust, now: Any = NOW) -> Refusal:
    with pytest.raises(Refusal) as refused:
        identify(shown, believed, now)
    return refused.value


def test_who_comes_through_the_proxy_is_who_they_are() -> None:
    assert identify(behind(peer()), believing(), NOW) == replace(identify(peer(), believing(), NOW), through=PROXY)


def test_a_caller_of_another_region_may_come_through_it_too() -> None:
    uri = subject.department_system(faulty.OTHER_TRUST_DOMAIN, faulty.CREDIT_CODE, "window")
    leaf = authorities().other.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), NOW, DAY)
    caller = identify(behind(Peer(leaf.certificate)), believing(), NOW)
    assert (caller.region, caller.uri) == ("440600", uri)


@pytest.mark.parametrize("fault", sorted(faulty.FAULTS.keys() - {"no_digital_signature"}))
def test_what_names_nobody_names_nobody_through_the_proxy(fault: str) -> None:
    shown = Peer(faulty.FAULTS[fault].make(authorities(), NOW).certificate)
    assert told(behind(shown), believing()) == told(shown, believing())


@pytest.mark.parametrize("shown", [Peer(b""), Peer(b"no certificate"), Peer(b"", b"x")])
def test_a_header_that_names_no_certificate_names_nobody(shown: Peer) -> None:
    assert told(behind(shown), believing()) == Refusal(Reason.CALLER_UNKNOWN, "the certificate does not parse")


@pytest.mark.parametrize(
    ("shown", "believed", "detail"),
    [
        (behind(peer(), by=peer()), believing(), f"{faulty.SOUND_URI} names a caller, and is not the front proxy"),
        (behind(peer()), trust(), f"{PROXY} names a caller, and is not the front proxy"),
        (behind(proxy()), believing(), "the front proxy names itself"),
        (proxy(), believing(), "the front proxy does not say whose certificate was shown to it"),
    ],
    ids=["another", "nobody is configured", "itself", "nobody is named"],
)
def test_nobody_else_names_a_caller_and_the_proxy_is_none(shown: Peer, believed: Trust, detail: str) -> None:
    assert told(shown, believed) == Refusal(Reason.FORWARDING_REFUSED, detail)


def test_both_are_judged_on_every_call() -> None:
    shown = behind(peer())
    caller = identify(shown, believing(), NOW)
    revoked = believing(revoked=Revoked(fingerprints=frozenset({caller.fingerprint})))
    assert told(shown, revoked).reason is Reason.CERTIFICATE_REVOKED
    gone = believing(revoked=Revoked(uris=frozenset({PROXY})))
    assert told(shown, gone).reason is Reason.FORWARDING_REFUSED
    assert told(shown, believing(), NOW + DAY * 0.75).detail.endswith("the certificate or its authority has expired")
    assert identify(peer(), believing(), NOW + DAY * 0.75) == replace(caller, through="")


def test_a_proxy_of_a_ca_that_does_not_speak_for_its_region_is_not_believed() -> None:
    forged = authorities().other.issue(Profile(uri=PROXY, usages=frozenset({Usage.CLIENT})), NOW, DAY)
    assert told(behind(peer(), by=Peer(forged.certificate)), believing()).reason is Reason.FORWARDING_REFUSED
