"""The development PKI is made whole, reused while it serves, and never takes another's folder."""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certs.development import (
    GATEWAY,
    LEAF_LIFE,
    ClientSystem,
    DevelopmentPki,
    DevelopmentPkiError,
    write_development_pki,
)
from certs.extensions import read
from tests.certs.conftest import CLIENTS

DAY = timedelta(days=1)


def _content(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _uri(certificate: Path) -> str:
    names = read(x509.load_pem_x509_certificate(certificate.read_bytes()), x509.SubjectAlternativeName)
    assert names is not None
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uri


def test_everyone_bears_their_own_name(pki: DevelopmentPki) -> None:
    pairs = {"server": pki.gateway_server, "client": pki.gateway_client, **pki.cities, **pki.clients}
    assert {name: _uri(pair.certificate) for name, pair in pairs.items()} == {
        "server": "spiffe://gateway.test/gateway/development",
        "client": "spiffe://gateway.test/gateway/development",
        "440100": "spiffe://guangzhou.test/city/simulator",
        "440600": "spiffe://foshan.test/city/simulator",
        "guangzhou-window": "spiffe://guangzhou.test/department/11440100M00000019P/system/window",
        "foshan-window": "spiffe://foshan.test/department/11440600M00000027C/system/window",
    }


def test_the_authorities_are_three_and_callers_are_judged_by_the_cities_own(pki: DevelopmentPki) -> None:
    assert set(pki.authorities) == {GATEWAY, "440100", "440600"}
    trusted = {*x509.load_pem_x509_certificates(pki.callers_ca.read_bytes())}
    assert trusted == {pki.authority("440100").certificate, pki.authority("440600").certificate}
    assert pki.gateway_ca.read_bytes() == pki.authority(GATEWAY).certificate_pem


def test_keys_are_for_their_owner_only(pki: DevelopmentPki) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in [pki.folder, *pki.folder.rglob("*")]}
    keys = {path: mode for path, mode in modes.items() if path.suffix == ".key"}
    assert len(keys) == 3 + 2 + 2 + len(CLIENTS)
    assert set(keys.values()) == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert all(b"PRIVATE" not in path.read_bytes() for path in modes if path.is_file() and path not in keys)


def test_nothing_is_left_beside_the_folder(tmp_path: Path, now: datetime) -> None:
    write_development_pki(tmp_path / "pki", now, CLIENTS)
    write_development_pki(tmp_path / "pki", now, CLIENTS[:1])
    assert [*tmp_path.iterdir()] == [tmp_path / "pki"]


def test_it_takes_less_than_half_a_second(tmp_path: Path, now: datetime) -> None:
    clients = [replace(CLIENTS[0], client=f"client-{number}") for number in range(10)]
    took = []
    gc.disable()  # what the tests before have left is not looked through on its account
    try:
        for folder in ("first", "second", "third"):
            began = time.thread_time()
            write_development_pki(tmp_path / folder, now, clients)
            took.append(time.thread_time() - began)
    finally:
        gc.enable()
    assert min(took) < 0.5


@pytest.mark.parametrize("days", [0, 1, 28.9])
def test_it_is_reused_while_it_serves_in_whatever_order_clients_come(tmp_path: Path, now: datetime, days: float) -> None:
    made = write_development_pki(tmp_path / "pki", now, CLIENTS)
    before = _content(made.folder)
    assert write_development_pki(tmp_path / "pki", now + days * DAY, reversed(CLIENTS)) == made
    assert _content(made.folder) == before


@pytest.mark.parametrize("later", [-DAY, LEAF_LIFE - 0.9 * DAY, LEAF_LIFE + DAY, 2 * 365 * DAY])
def test_it_is_made_anew_before_it_ends_and_where_the_clock_went_back(tmp_path: Path, now: datetime, later: timedelta) -> None:
    made = write_development_pki(tmp_path / "pki", now, CLIENTS)
    before = _content(made.folder)
    assert write_development_pki(tmp_path / "pki", now + later, CLIENTS) == made
    after = _content(made.folder)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == ["development-pki.json"]


@pytest.mark.parametrize(
    "clients",
    [
        [],
        CLIENTS[:1],
        [CLIENTS[0], replace(CLIENTS[1], system="terminal")],
        [CLIENTS[0], replace(CLIENTS[1], credit_code="11440100M00000019P")],
        [CLIENTS[0], replace(CLIENTS[1], region="440100")],
        [CLIENTS[0], replace(CLIENTS[1], client="foshan-counter")],
    ],
)
def test_other_clients_get_a_new_one(tmp_path: Path, now: datetime, clients: list[ClientSystem]) -> None:
    before = write_development_pki(tmp_path / "pki", now, CLIENTS).gateway_ca.read_bytes()
    after = write_development_pki(tmp_path / "pki", now, clients)
    assert after.gateway_ca.read_bytes() != before
    assert set(after.clients) == {client.client for client in clients}
    assert {path.stem for path in after.folder.glob("clients/*")} == set(after.clients)


@pytest.mark.parametrize(
    "damaged",
    [
        "authorities/440100.key",
        "authorities/gateway.pem",
        "callers-ca.pem",
        "cities/440600.key",
        "clients/foshan-window.pem",
        "development-pki.json",
    ],
)
def test_what_is_damaged_is_made_anew(tmp_path: Path, now: datetime, damaged: str) -> None:
    made = write_development_pki(tmp_path / "pki", now, CLIENTS)
    file = made.folder / damaged
    file.write_bytes(file.read_bytes()[:50])
    before = _content(made.folder)
    write_development_pki(tmp_path / "pki", now, CLIENTS)
    after = _content(made.folder)
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] == after[name]} <= {"development-pki.json"}


def test_a_missing_file_is_made_anew_with_all_the_others(tmp_path: Path, now: datetime) -> None:
    made = write_development_pki(tmp_path / "pki", now, CLIENTS)
    made.gateway_server.key.unlink()
    write_development_pki(tmp_path / "pki", now, CLIENTS)
    assert made.gateway_server.key.exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, now: datetime) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(DevelopmentPkiError, match="name another folder"):
        write_development_pki(folder, now, CLIENTS)
    assert _content(tmp_path) == {"mine/letter.txt": b"dear"}


def test_an_empty_folder_is_taken(tmp_path: Path, now: datetime) -> None:
    folder = tmp_path / "above" / "pki"
    folder.mkdir(parents=True)
    assert write_development_pki(folder, now, CLIENTS).gateway_ca.exists()


@pytest.mark.parametrize(
    ("client", "match"),
    [
        (replace(CLIENTS[1], region="110000"), "no city '110000'"),
        (replace(CLIENTS[1], client="../../etc/window"), "its name is a file's"),
        (replace(CLIENTS[1], client=CLIENTS[0].client), "give it once"),
        (replace(CLIENTS[1], system="a/b"), "SPIFFE path"),
    ],
)
def test_a_client_that_cannot_be_is_refused_and_nothing_made(
    tmp_path: Path, now: datetime, client: ClientSystem, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        write_development_pki(tmp_path / "pki", now, [CLIENTS[0], client])
    assert [*tmp_path.iterdir()] == []


def test_those_who_start_together_share_one(tmp_path: Path, now: datetime) -> None:
    def make(_: int) -> Mapping[str, bytes]:
        return _content(write_development_pki(tmp_path / "pki", now, CLIENTS).folder)

    with ThreadPoolExecutor(6) as pool:
        first, *others = pool.map(make, range(6))
    assert all(other == first for other in others)


def test_programs_that_start_together_share_one(tmp_path: Path, now: datetime) -> None:
    code = (
        "import sys; from datetime import datetime; from pathlib import Path;"
        "from certs.development import write_development_pki as write;"
        "print(write(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), []).gateway_ca.read_text())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "pki"), now.isoformat()]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(3)]
    try:
        answers = [program.communicate()[0] for program in programs]
    finally:
        for program in programs:
            program.kill()
    assert len({*answers}) == 1
    assert answers[0].startswith(b"-----BEGIN CERTIFICATE-----")
