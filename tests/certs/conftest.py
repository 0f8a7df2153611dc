"""What the tests of certificates share: one moment, two regions' CAs, one development PKI."""

from datetime import UTC, datetime, timedelta

import pytest

from certs.authority import Authority
from certs.development import ClientSystem, DevelopmentPki, write_development_pki
from tests.certs.faulty import CREDIT_CODE, SYSTEM, Authorities

CLIENTS = (
    ClientSystem("guangzhou-window", "440100", CREDIT_CODE, SYSTEM),
    ClientSystem("foshan-window", "440600", "11440600M00000027C", SYSTEM),
)


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment at which a real handshake will judge what the tests make."""
    return datetime.now(UTC)  # noqa: TID251 - a real handshake goes by the machine's clock


@pytest.fixture(scope="session")
def authorities(now: datetime) -> Authorities:
    """The CAs of two regions, a month old."""
    made, life = now - timedelta(days=30), timedelta(days=365)
    return Authorities(Authority.create("guangzhou CA", made, life), Authority.create("foshan CA", made, life))


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> DevelopmentPki:
    """A development PKI with a client in each city; tests must not change it."""
    return write_development_pki(tmp_path_factory.mktemp("development") / "pki", now, CLIENTS)
