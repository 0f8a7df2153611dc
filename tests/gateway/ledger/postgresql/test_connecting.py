"""How the database is reached over a network: TLS, its name verified, the password of the configuration and no other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.extensions import Profile, Usage
from gateway.clock import SystemClock
from gateway.ledger.postgresql.connecting import Database
from gateway.ledger.records import LogUnusable
from tests.ports import free_port
from tests.postgresql import Server

pytestmark = pytest.mark.needs("postgresql")

RULES = b"local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def remote(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A log that is reached over TLS at localhost only, with a password."""
    now, life = SystemClock().now(), timedelta(days=1)
    authority = Authority.create("database CA", now, 2 * life)
    profile = Profile(uri="spiffe://gateway.test/database/one", usages=frozenset({Usage.SERVER}), dns_names=("localhost",))
    leaf = authority.issue(profile, now, life)
    place = tmp_path_factory.mktemp("database")
    (place / "ca.crt").write_bytes(authority.certificate_pem)
    (place / "other.crt").write_bytes(Authority.create("another CA", now, life).certificate_pem)
    files = {"ssl_cert_file": leaf.certificate, "ssl_key_file": leaf.key, "hba_file": RULES}
    options = " ".join(f"-c {name}={postgresql.write(name, content)}" for name, content in files.items())
    port = free_port()
    database = postgresql.empty()
    with postgresql.owner() as owner:
        owner.execute(f"ALTER ROLE {database.user} PASSWORD 'a password'")
    postgresql.stop()
    postgresql.start(f"{options} -c ssl=on -c listen_addresses=127.0.0.1 -c port={port}")
    try:
        yield replace(database, socket=None, servers=(("localhost", port),), authorities=place / "ca.crt", password="a password")
    finally:
        postgresql.stop()
        postgresql.start()


def test_a_server_that_is_who_it_should_be_is_talked_to_over_tls(remote: Database) -> None:
    with remote.connect() as connection:
        query = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(query).fetchone() == (True, "TLSv1.3")


@pytest.mark.parametrize(
    "fault", ["another authority", "another name", "no password", "another password", "a password of libpq's"]
)
def test_any_other_is_not(remote: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str) -> None:
    changed = {
        "another authority": {"authorities": remote.authorities.with_name("other.crt")},
        "another name": {"servers": (("127.0.0.1", remote.servers[0][1]),)},
        "no password": {"password": ""},
        "another password": {"password": "another"},
        "a password of libpq's": {"password": ""},
    }[fault]
    if fault == "a password of libpq's":
        (tmp_path / "pass").write_text("*:*:*:*:a password\n")
        (tmp_path / "pass").chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
        monkeypatch.setenv("PGPASSWORD", "a password")
    monkeypatch.setenv("PGSSLMODE", "disable")
    with pytest.raises(LogUnusable, match="cannot be reached: OperationalError") as caught:
        replace(remote, **changed).connect()
    assert "localhost" not in str(caught.value)


def test_the_one_of_several_servers_that_answers_is_taken(remote: Database) -> None:
    with replace(remote, servers=(("localhost", free_port()), *remote.servers)).connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
