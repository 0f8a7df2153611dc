"""Systems and tables held against what asks them: each fault where it is written, with the name that was meant, and nothing besides."""

from pathlib import Path
from types import MappingProxyType

import pytest

from gateway.config import ConfigError, load, survey
from gateway.config.known import Program

WRITTEN = Path(__file__).parents[2] / "adapters/configured/written"
PROGRAMS = MappingProxyType(
    {
        "guangzhou.g1": Program(frozenset({"app_key"}), frozenset({"query"}), files=True),
        "guangzhou.g2": Program(frozenset({"paasid", "token"}), frozenset({"insured-proof"})),
        "foshan.f1": Program(frozenset(), frozenset({"queryCert", "verifyCert"}), files=True),
    }
)
_AID = """\
      aid:
        connector: guangzhou.aid
        url: https://127.0.0.1:9003
        authorities: {file: pki/guangzhou-ca.crt}
        certificate: {file: pki/gateway.crt}
        key: {file: pki/gateway.key}
        credentials: {account: {file: secrets/g2-paasid}, secret: {file: secrets/g2-paasid}}
"""


def told(site, programs=PROGRAMS) -> list[str]:
    """Each problem as told, with the folder left out."""
    try:
        load(site.folder / "gateway.yaml", site.environment, programs=programs)
    except ConfigError as error:
        return [str(each).replace(f"{site.folder}/", "") for each in error.problems]
    return []


def describe(site, interface: str) -> None:
    """Adds a described interface, and the system behind it."""
    site.write("interfaces/aid.yaml", interface)
    site.change("gateway.yaml", "catalogue:", "interfaces: [interfaces]\ncatalogue:")
    site.change("gateway.yaml", '  "440600":\n    name', f'{_AID}  "440600":\n    name')


@pytest.fixture
def aid() -> str:
    return (WRITTEN / "signed-rest.yaml").read_text(encoding="utf-8")


def test_what_fits_has_no_problems(site, aid):
    assert told(site) == []
    describe(site, aid)
    assert told(site) == []


def test_a_credential_that_is_not_taken_is_told_at_its_name_with_the_one_that_was_meant(site):
    site.change("gateway.yaml", "paasid: {file", "pasid: {file")
    assert told(site) == [
        "gateway.yaml:20:9: regions.440100.systems.g2.credentials: the credential paasid is missing; name a file or variable for it",
        "gateway.yaml:20:23: regions.440100.systems.g2.credentials.pasid: unknown credential of guangzhou.g2 'pasid';"
        " did you mean 'paasid'? Known: paasid, token",
    ]


def test_a_credential_that_is_missing_is_told_at_the_credentials_or_at_the_system(site):
    whole = (site.folder / "gateway.yaml").read_text(encoding="utf-8")
    site.change("gateway.yaml", ", token: {env: KUACHENG_G2_TOKEN}", "")
    assert told(site) == [
        "gateway.yaml:20:9: regions.440100.systems.g2.credentials: the credential token is missing; name a file or variable for it"
    ]
    site.write("gateway.yaml", "".join(line for line in whole.splitlines(keepends=True) if "credentials" not in line))
    assert [each.partition(": the")[0] for each in told(site)] == ["gateway.yaml:11:7: regions.440100.systems.g2.credentials"] * 2


def test_a_connector_that_is_none_is_told_where_it_stands_and_no_table_that_asks_it(site, aid):
    site.change("gateway.yaml", "connector: guangzhou.g2", "connector: guangzhou.g22")
    assert told(site) == [
        "gateway.yaml:12:20: regions.440100.systems.g2.connector: unknown connector 'guangzhou.g22'; did you mean 'guangzhou.g2'?"
        " Known: foshan.f1, guangzhou.g1, guangzhou.g2"
    ]
    site.change("gateway.yaml", "connector: guangzhou.g22", "connector: guangzhou.g2")
    describe(site, aid)
    site.change("gateway.yaml", "connector: guangzhou.aid", "connector: guangzhou.aids")
    assert [each.partition("; ")[2] for each in told(site)] == [
        "did you mean 'guangzhou.aid'? Known: foshan.f1, guangzhou.aid, guangzhou.g1, guangzhou.g2"
    ]


@pytest.mark.parametrize("spoilt", ["family: signd-rest", "family: [", "interface: guangzhou.g2"])
def test_a_description_that_cannot_be_had_leaves_its_name_unjudged(site, aid, spoilt):
    key = spoilt.partition(":")[0]
    describe(site, "".join(f"{spoilt}\n" if line.startswith(f"{key}:") else line for line in aid.splitlines(keepends=True)))
    (problem,) = told(site)
    assert problem.startswith("interfaces/aid.yaml:")


def test_a_description_never_takes_the_place_of_a_programmed_adapter(site, aid):
    describe(site, aid.replace("guangzhou.aid", "guangzhou.g1"))
    assert told(site) == [
        "interfaces/aid.yaml:1:12: interface: guangzhou.g1 is the name of an adapter of the program; give the interface another name"
    ]


def test_an_address_that_does_not_fit_the_interface_is_told_alone(site, aid):
    describe(site, aid)
    site.change("gateway.yaml", "url: https://127.0.0.1:9003", "url: sqlite:///front.db")
    assert told(site) == [
        "gateway.yaml:23:14: regions.440100.systems.aid.url: its interface is of the family signed-rest; write its url as https://host:port"
    ]


def test_an_operation_that_the_adapter_has_not_is_told_in_the_table(site):
    site.change("tables/social-insurance-proof.yaml", "operation: insured-proof", "operation: insured-prof")
    problem = (
        "tables/social-insurance-proof.yaml:5:12: operation: unknown operation of guangzhou.g2 'insured-prof';"
        " did you mean 'insured-proof'? Known: insured-proof"
    )
    assert told(site) == [problem]
    found = survey(site.folder / "gateway.yaml", site.environment, programs=PROGRAMS).problems
    assert [str(each).replace(f"{site.folder}/", "") for each in found] == [problem]


def test_so_are_the_operations_for_claims_and_for_shown_codes_and_files_that_it_does_not_give(site):
    site.write(
        "tables/business-licence.yaml",
        (site.folder / "tables/business-licence.yaml").read_text(encoding="utf-8")
        + "files: [OFD]\nverify: {operation: verifyCrt, claims: {xm: {from: holder.name}, zt: {from: claims.number}}}\n"
        + "presented: {operation: queryCode, code: qrCode}\n",
    )
    assert [each.partition("; ")[0] for each in told(site)] == [
        "tables/business-licence.yaml:25:21: verify.operation: unknown operation of foshan.f1 'verifyCrt'",
        "tables/business-licence.yaml:26:24: presented.operation: unknown operation of foshan.f1 'queryCode'",
    ]
    fileless = {**PROGRAMS, "foshan.f1": Program(frozenset(), frozenset({"queryCert", "verifyCrt", "queryCode"}))}
    assert told(site, fileless) == ["tables/business-licence.yaml:24:1: files: foshan.f1 gives no files; take `files` out"]


def test_where_nobody_says_what_the_program_has_no_system_is_judged(site):
    site.change("gateway.yaml", "paasid: {file", "pasid: {file")
    assert told(site, {}) == []
