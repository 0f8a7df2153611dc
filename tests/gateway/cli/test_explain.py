"""`explain` on a real configuration: what it says is what the gateway would do, and nobody is asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509

from gateway.cli import main
from gateway.clock import SystemClock, entropy
from gateway.development.layout import DESK, MATTERS, TERMINAL, ClientSystem, Layout, lay_out, write_configuration

MATTER = MATTERS[TERMINAL.client][0]
AGREEMENT = f"{TERMINAL.client}-asks-440600"


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("explained") / "dev", SystemClock().now(), entropy)
    write_configuration(made, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return made


@pytest.fixture(scope="module")
def terminal(layout: Layout) -> tuple[str, Path]:
    """URI and certificate of the system that the development agreement names."""
    path = layout.pki.clients[TERMINAL.client].certificate
    names = x509.load_pem_x509_certificate(path.read_bytes()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return names.value.get_values_for_type(x509.UniformResourceIdentifier)[0], path


def explain(layout: Layout, *arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["explain", "-c", str(layout.config), *arguments])
    return found.exit_code, found.output


def explained(layout: Layout, *arguments: str) -> tuple[int, Any]:
    status, said = explain(layout, *arguments, "-o", "json")
    return status, json.loads(said)


def test_it_names_the_agreement_the_way_and_the_fields(layout: Layout, terminal: tuple[str, Path]) -> None:
    asked = ("business-licence", "--region", "440600", "--matter-code", MATTER)
    status, told = explained(layout, *asked, "--as", terminal[0])
    assert status == 0
    assert (told["allowed"], told["agreement"], told["system"]) == (True, AGREEMENT, "foshan.f1")
    assert "address" in told["fields"]
    assert explained(layout, *asked, "--cert", str(terminal[1])) == (status, told), "the certificate says the same as its name"
    status, said = explain(layout, *asked, "--as", terminal[0], "--field", "address")
    assert status == 0
    assert f"allowed by agreement {AGREEMENT}" in said
    assert "shows   address\n" in said


@pytest.mark.parametrize(
    ("changes", "reason", "fails"),
    [
        (("--matter-code", "nothing"), "PURPOSE_NOT_COVERED", "the matter is not covered"),
        (("--basis", "ENTRUSTED"), "PURPOSE_NOT_COVERED", "the legal basis is not covered"),
        (("--region", "440100"), "NO_AGREEMENT", "another region is agreed upon"),
        (("--at", "2050-01-01T00:00:00+08:00"), "NO_AGREEMENT", "not in force at this moment"),
        (("--basis", "HOLDER_AUTHORISED"), "HOLDER_AUTHORISATION_REQUIRED", "the legal basis is not covered"),
    ],
)
def test_it_says_what_each_agreement_fails(
    layout: Layout, terminal: tuple[str, Path], changes: tuple[str, ...], reason: str, fails: str
) -> None:
    asked = ("business-licence", "--region", "440600", "--matter-code", MATTER, "--as", terminal[0], *changes)
    status, told = explained(layout, *asked)
    assert (status, told["allowed"], told["reason"], told["blame"]) == (1, False, reason, "POLICY")
    assert told["agreements"] == [{"id": AGREEMENT, "fails": fails}]
    status, said = explain(layout, *asked)
    assert status == 1
    assert fails in said
    assert "to mend: " in said


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("spiffe://elsewhere.test/department/11440600M00000027C/system/window", "CALLER_UNKNOWN"),
        ("spiffe://guangzhou.test/department/1/system/window", "CALLER_UNKNOWN"),
        ("spiffe://guangzhou.test/department/11440600M00000027C/system/window", "NO_AGREEMENT"),
    ],
)
def test_a_name_that_nobody_may_use_is_told(layout: Layout, uri: str, reason: str) -> None:
    """The last is a department of Foshan under the authority of Guangzhou, whose agreements it does not get."""
    status, told = explained(layout, "business-licence", "--region", "440600", "--matter-code", MATTER, "--as", uri)
    assert (status, told["reason"]) == (1, reason)


def test_an_unknown_type_names_the_field_and_what_to_do(layout: Layout, terminal: tuple[str, Path]) -> None:
    status, said = explain(layout, "nothing", "--region", "440600", "--matter-code", MATTER, "--as", terminal[0])
    assert status == 1
    assert "UNKNOWN_EVIDENCE_TYPE" in said
    assert "evidence_type: a code or alias" in said


def test_one_system_is_named_and_its_certificate_has_to_be_there(layout: Layout, tmp_path: Path) -> None:
    asked = ("business-licence", "--region", "440600", "--matter-code", MATTER)
    assert explain(layout, *asked)[0] == 2
    status, said = explain(layout, *asked, "--cert", str(tmp_path / "nowhere.pem"))
    assert status == 2
    assert "cannot be read" in said
    (tmp_path / "garbage.pem").write_bytes(b"no certificate")
    assert explained(layout, *asked, "--cert", str(tmp_path / "garbage.pem"))[1]["reason"] == "CALLER_UNKNOWN"


def test_what_may_be_verified_is_told_apart_from_what_is_seen(layout: Layout, terminal: tuple[str, Path]) -> None:
    asked = ("business-licence", "--region", "440600", "--matter-code", MATTER, "--as", terminal[0])
    status, said = explain(layout, *asked, "--claim", "status", "--claim", "registered_capital")
    assert status == 0
    assert "tells of registered_capital, status\n" in said
    assert explain(layout, *asked, "--claim", "status", "--field", "address")[0] == 2
    assert explained(layout, *asked, "--claim", "no_such")[1]["reason"] == "INVALID_REQUEST"


def test_by_a_code_it_says_whether_the_region_takes_one(layout: Layout, terminal: tuple[str, Path]) -> None:
    way = ("--region", "440600", "--matter-code", MATTER, "--as", terminal[0], "--by-code")
    status, found = explained(layout, "business-licence", *way)
    assert (status, found["system"]) == (0, "foshan.f1")
    status, found = explained(layout, "housing-record", *way)
    assert (status, found["reason"]) == (1, "INVALID_REQUEST")
    assert explain(layout, "business-licence", *way, "--holder-type", "PERSON")[0] == 2


def uri_of(client: ClientSystem) -> str:
    domain = {"440100": "guangzhou.test", "440600": "foshan.test"}[client.region]
    return f"spiffe://{domain}/department/{client.credit_code}/system/{client.system}"


def test_a_search_is_explained_by_the_right_that_it_would_stand_on(layout: Layout) -> None:
    asked = ("--search", "--matter-code", MATTERS[DESK.client][0], "--as", uri_of(DESK))
    status, told = explained(layout, *asked)
    assert (status, told["allowed"], told["reason"]) == (0, True, None)
    assert told["provider_regions"]
    assert "business-licence" in told["evidence_types"]
    assert told["rights"] == [{"id": told["right"], "fails": None}]
    status, said = explain(layout, *asked)
    assert f"may search, by right {told['right']}" in said
    assert "covers the search" in said


@pytest.mark.parametrize(
    ("client", "matter", "reason", "says"),
    [
        (DESK, "nothing", "PURPOSE_NOT_COVERED", "does not cover the matter"),
        (TERMINAL, MATTER, "NO_AGREEMENT", f"no right to search names department {TERMINAL.credit_code}"),
    ],
)
def test_a_search_that_would_be_refused(layout: Layout, client: ClientSystem, matter: str, reason: str, says: str) -> None:
    asked = ("--search", "--matter-code", matter, "--as", uri_of(client))
    status, told = explained(layout, *asked)
    assert (status, told["allowed"], told["reason"], told["right"]) == (1, False, reason, None)
    status, said = explain(layout, *asked)
    assert status == 1
    assert says in said


@pytest.mark.parametrize("wrong", [("--search", "--region", "440100"), ("business-licence",), ()])
def test_a_search_and_a_question_are_told_apart(layout: Layout, wrong: tuple[str, ...]) -> None:
    status, said = explain(layout, *wrong, "--matter-code", MATTER, "--as", uri_of(TERMINAL))
    assert status == 2
    assert "EVIDENCE_TYPE" in said
