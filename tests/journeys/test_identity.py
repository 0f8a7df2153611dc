"""Who may speak to a gateway as it really runs: each faulty certificate meets TLS or the gateway's own judgement, and is recorded once."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography.x509 import UniformResourceIdentifier

from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from gateway.client import Client, QueryRefused, Unreachable
from gateway.ledger.reading import Log, LoggedEntry
from gateway.model.exchange import EntryKind
from tests.certs import faulty
from tests.journeys.conftest import Up, question

DAY = timedelta(days=1)
_OF_CALLERS = re.compile(r'"event": ?"exchange"|"(caller|peer)\w*":|spiffe://')
PATIENCE = 20.0
WINDOW = "spiffe://foshan.test/department/11440600M00000027C/system/window"
"""Who has the agreement that the first sample stands on."""


@pytest.fixture(scope="session")
def authorities(up: Up) -> faulty.Authorities:
    """The CAs of both regions, as this environment trusts them."""
    return faulty.Authorities(_authority(up, "440100"), _authority(up, "440600"))


@pytest.fixture(scope="session")
def now(authorities: faulty.Authorities) -> datetime:
    """A moment after the CAs were made."""
    assert authorities
    return datetime.now(UTC)  # noqa: TID251  a real handshake goes by the machine's clock


def fault(name: str, authorities: faulty.Authorities, now: datetime) -> Leaf:
    """The certificate with this one fault: made as of tomorrow where TLS lets it through, so that it is not older than its CA, too."""
    return faulty.FAULTS[name].make(authorities, now + DAY if faulty.FAULTS[name].passes_tls else now)


def _pki(up: Up) -> Path:
    return Path(up.said["config"]).parent / "pki"


def _authority(up: Up, name: str) -> Authority:
    folder = _pki(up) / "authorities"
    return Authority.load((folder / f"{name}.pem").read_bytes(), (folder / f"{name}.key").read_bytes())


@asynccontextmanager
async def calling(up: Up, leaf: Leaf) -> AsyncIterator[Client]:
    identity = replace(up.identity("foshan-window"), certificate=leaf.certificate, key=leaf.key)
    async with Client(up.said["gateway"], identity, server_name=up.said["server_name"], attempts=1) as client:
        yield client


async def ask(up: Up, leaf: Leaf) -> QueryRefused | Unreachable | None:
    """How the first sample ends for whoever shows this certificate."""
    async with calling(up, leaf) as client:
        try:
            await client.query(**question(up.said["samples"][0]), deadline=PATIENCE)
        except (QueryRefused, Unreachable) as failure:
            return failure
    return None


def recorded(up: Up, exchange_id: str | None = None) -> tuple[LoggedEntry, ...]:
    with Log.open(Path(up.said["ledger"])) as log:
        return log.entries(limit=100_000, exchange_id=exchange_id)


def lines(up: Up) -> list[str]:
    """What the gateway's log has of callers. The rest is of the machine, of witnesses and of libraries, who speak when they will."""
    return [
        each for each in (Path(up.said["config"]).parent / "gateway.log").read_text().splitlines() if _OF_CALLERS.search(each)
    ]


def _pair(certificate: str | Path) -> Leaf:
    """A certificate and the key beside it."""
    return Leaf(Path(certificate).read_bytes(), Path(certificate).with_suffix(".key").read_bytes())


async def asked_of(up: Up, region: str) -> int:
    return await up.city(region).last()


def _issued(authority: Authority, uri: str, now: datetime) -> Leaf:
    return authority.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), now, DAY)


@pytest.mark.parametrize("name", [name for name, each in faulty.FAULTS.items() if not each.passes_tls])
async def test_what_tls_refuses_does_not_connect_and_leaves_no_trace(
    up: Up, authorities: faulty.Authorities, now: datetime, name: str
) -> None:
    before = recorded(up), lines(up), await asked_of(up, "440100")
    got = await ask(up, fault(name, authorities, now))
    assert isinstance(got, Unreachable)
    assert got.code is grpc.StatusCode.UNAVAILABLE
    assert (recorded(up), lines(up), await asked_of(up, "440100")) == before


@pytest.mark.parametrize("name", [name for name, each in faulty.FAULTS.items() if each.passes_tls])
async def test_what_tls_lets_through_is_refused_and_recorded_once(
    up: Up, authorities: faulty.Authorities, now: datetime, name: str
) -> None:
    before, asked = len(recorded(up)), await asked_of(up, "440100")
    got = await ask(up, fault(name, authorities, now))
    assert isinstance(got, QueryRefused)
    assert (got.code, got.reason, got.blame) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNKNOWN", "POLICY")
    assert got.told.violations == ()
    (entry,) = recorded(up, got.told.exchange_id)
    assert (entry.entry.kind, entry.entry.facts["reason"]) == (EntryKind.REFUSED, "CALLER_UNKNOWN")
    assert not [fact for fact in entry.entry.facts if fact.startswith(("caller", "holder", "evidence"))], (
        "who said it is not known"
    )
    assert len(recorded(up)) == before + 1
    assert await asked_of(up, "440100") == asked


async def test_a_sound_certificate_is_known_by_what_it_says(up: Up, authorities: faulty.Authorities, now: datetime) -> None:
    got = await ask(up, faulty.sound(authorities, now + DAY))
    assert isinstance(got, QueryRefused)
    assert got.reason == "NO_AGREEMENT", "known, but this system of the department has none"
    facts = recorded(up, got.told.exchange_id)[0].entry.facts
    assert (facts["caller_region"], facts["caller_department"], facts["caller_system"]) == (
        "440100",
        faulty.CREDIT_CODE,
        "window",
    )


async def test_a_new_certificate_of_the_right_authority_is_the_system_itself(
    up: Up, authorities: faulty.Authorities, now: datetime
) -> None:
    assert await ask(up, _issued(authorities.other, WINDOW, now)) is None


async def test_another_regions_authority_cannot_make_a_window_of_foshan(
    up: Up, authorities: faulty.Authorities, now: datetime
) -> None:
    """The attack that matters most: the other city's CA, trusted for its own, names a system of ours that has an agreement."""
    asked = await asked_of(up, "440100")
    leaf = _issued(authorities.own, WINDOW, now)
    with_chain = Leaf(leaf.certificate + authorities.other.certificate_pem + authorities.own.certificate_pem, leaf.key)
    for each in (leaf, with_chain):
        got = await ask(up, each)
        assert isinstance(got, QueryRefused)
        assert got.reason == "CALLER_UNKNOWN"
    assert await asked_of(up, "440100") == asked


async def test_the_right_name_is_known_when_it_is_made_as_the_wrong_ones_are(
    up: Up, authorities: faulty.Authorities, now: datetime
) -> None:
    """Or the refusals below would prove nothing."""
    assert await ask(up, faulty._named(authorities.other, now + DAY, UniformResourceIdentifier(WINDOW))) is None


@pytest.mark.parametrize(
    "uri",
    [
        WINDOW.upper(),
        WINDOW.replace("spiffe", "SPIFFE"),
        WINDOW + "/",
        WINDOW + "?",
        WINDOW + "#",
        WINDOW.replace("/system/", "//system/"),
        WINDOW.replace("foshan.test", "foshan.test:443"),
        WINDOW.replace("foshan.test", "user@foshan.test"),
        WINDOW.replace("foshan.test", "FOSHAN.TEST"),
        WINDOW.replace("foshan.test", "foshan.test."),
        WINDOW.replace("window", "windo%77"),
        WINDOW.replace("window", "../system/window"),
        WINDOW.replace("window", "x" * 64),
        WINDOW.replace("11440600M00000027C", "11440600m00000027c"),
        "spiffe://foshan.test",
        "spiffe://foshan.test/",
        "spiffe:///department/11440600M00000027C/system/window",
    ],
)
async def test_a_name_that_is_almost_right_is_nobodys(up: Up, authorities: faulty.Authorities, now: datetime, uri: str) -> None:
    got = await ask(up, faulty._named(authorities.other, now + DAY, UniformResourceIdentifier(uri)))
    assert isinstance(got, QueryRefused)
    assert got.reason == "CALLER_UNKNOWN"


async def test_neither_a_city_nor_the_gateway_itself_is_a_caller(up: Up, authorities: faulty.Authorities, now: datetime) -> None:
    for pair in (up.said["city_client"]["cert"], _pki(up) / "cities" / "440600.pem"):
        assert isinstance(await ask(up, _pair(pair)), Unreachable)
    got = await ask(up, _issued(authorities.other, "spiffe://foshan.test/city/simulator", now))
    assert isinstance(got, QueryRefused)
    assert got.reason == "CALLER_UNKNOWN"


async def test_a_certificate_without_its_key_is_worth_nothing(up: Up) -> None:
    """Python's TLS refuses to present such a pair, so the certificate is tried with a handshake that shows none."""
    host, _, port = up.said["gateway"].rpartition(":")
    context = ssl.create_default_context(cafile=up.said["ca"])
    context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=up.said["server_name"])
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        async with asyncio.timeout(PATIENCE):
            await reader.readexactly(9)
    writer.close()
    pair = up.said["clients"]["foshan-window"]
    other = up.said["clients"]["liwan-terminal"]
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        context.load_cert_chain(pair["cert"], other["key"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_tls_does_not_connect(up: Up, version: ssl.TLSVersion) -> None:
    host, _, port = up.said["gateway"].rpartition(":")
    pair = up.said["clients"]["foshan-window"]
    context = ssl.create_default_context(cafile=up.said["ca"])
    context.load_cert_chain(pair["cert"], pair["key"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(host, int(port), ssl=context, server_hostname=up.said["server_name"])
