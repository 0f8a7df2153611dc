"""A server's certificate comes from a real ACME server, which looks for itself whether the names are ours."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from certs import renewing, requests
from certs.acme import Account, Acme, account_key
from certs.issuing import IssueRefused
from certs.proving import Page, Record
from tests.certs import faulty
from tests.certs.faulty import Authorities
from tests.certs.pebble import EXTERNAL, Pebble, pebble

NAMES = ("gateway.foshan.test", "door.foshan.test")
SET = """
import json, sys, urllib.request
act, name, value = sys.argv[2:]
path = {"present": "set-txt", "cleanup": "clear-txt"}[act]
urllib.request.urlopen(f"{sys.argv[1]}/{path}", json.dumps({"host": name + ".", "value": value}).encode()).close()
"""

pytestmark = pytest.mark.needs("pebble")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Iterator[Pebble]:
    with pebble(tmp_path_factory.mktemp("pebble"), now) as running:
        yield running


@pytest.fixture
def account(server: Pebble) -> Account:
    return Account(server.directory, account_key(), ("certificates@foshan.test",), str(server.authorities), EXTERNAL)


@pytest.fixture
def before(authorities: Authorities, now: datetime) -> x509.Certificate:
    return x509.load_pem_x509_certificate(faulty.sound(authorities, now).certificate)


def issued(issuer: Acme, before: x509.Certificate) -> x509.Certificate:
    wanted, now = issuer.wanted(before), datetime.now(UTC)  # noqa: TID251  it has five minutes from here, by the machine's clock
    certificate, *chain = x509.load_pem_x509_certificates(issuer.issue(wanted, requests.make(wanted.profile).request, now))
    assert chain
    assert renewing.fits(certificate, wanted)
    return certificate


def test_a_page_proves_each_name_and_the_account_is_found_again(
    server: Pebble, account: Account, before: x509.Certificate
) -> None:
    issuer = Acme(account, NAMES, Page(server.http_host, server.http_port))
    first, again = (issued(issuer, before) for _ in range(2))
    assert first.serial_number != again.serial_number
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {*names.get_values_for_type(x509.DNSName)} == {*NAMES}
    assert issuer.name == "localhost"


def test_a_program_proves_a_name_by_a_record_and_clears_it(server: Pebble, account: Account, before: x509.Certificate) -> None:
    assert issued(Acme(account, NAMES[:1], Record((sys.executable, "-c", SET, server.dns))), before)


FAULTS: dict[str, tuple[Callable[[Pebble, Account], Acme], str]] = {
    "the page is not where the CA looks": (
        lambda server, account: Acme(account, NAMES[:1], Page("127.0.0.1", 0)),
        "connection refused",
    ),
    "no such address here": (
        lambda server, account: Acme(account, NAMES[:1], Page("192.0.2.1", 80)),
        "cannot answer http-01 on 192.0.2.1:80",
    ),
    "the program fails": (
        lambda server, account: Acme(account, NAMES[:1], Record((sys.executable, "-c", "raise SystemExit('no such zone')"))),
        "ended with status 1: no such zone",
    ),
    "the CA does not know us": (
        lambda server, account: Acme(replace(account, external=None), NAMES[:1], Page(server.http_host, server.http_port)),
        "name `external_account`",
    ),
    "another's account": (
        lambda server, account: Acme(
            replace(account, external=("kid-1", "AAAA")), NAMES[:1], Page(server.http_host, server.http_port)
        ),
        "localhost refuses: ",
    ),
    "no key": (
        lambda server, account: Acme(replace(account, key=b"?"), NAMES[:1], Page(server.http_host, server.http_port)),
        "account's key cannot be read",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_told(server: Pebble, account: Account, before: x509.Certificate, fault: str) -> None:
    make, told = FAULTS[fault]
    with pytest.raises(IssueRefused) as refused:
        issued(make(server, account), before)
    assert told in str(refused.value)


def test_a_ca_whose_https_is_not_known_is_not_asked(
    account: Account, before: x509.Certificate, authorities: Authorities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = tmp_path / "machine.pem"
    machine.write_bytes(authorities.own.certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(machine))
    issuer = Acme(replace(account, authorities=""), NAMES, Page("127.0.0.1", 0))
    with pytest.raises(OSError, match="certificate verify failed"):
        issued(issuer, before)
