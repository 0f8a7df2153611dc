"""docs/configuration.md and docs/interface-files.md tell every key of the models, and their examples are true."""

import re
from pathlib import Path

import pytest

from gateway.config.agreement_file import (
    AgreementSection,
    AgreementsFile,
    EvidenceSection,
    HiddenSection,
    ValiditySection,
)
from gateway.config.catalogue_file import EvidenceTypeFile, FieldSection, read_type
from gateway.config.certificate_sections import AcmeSettings, ExternalAccount, OcspSettings, RenewalSettings
from gateway.config.document import read_document
from gateway.config.interface_envelopes import SealSection, SoapSection, XmlInJsonSection
from gateway.config.interface_file import (
    SealedInterface,
    SignedRest,
    SoapInterface,
    TablesInterface,
    TokenRest,
    XmlInJsonInterface,
)
from gateway.config.interface_http import (
    AnswerSection,
    LifeSection,
    LoginSection,
    OperationSection,
    RequestSection,
    SignatureHeaders,
    SignatureSection,
)
from gateway.config.interface_parts import CipherSection, CityMomentSection, FillingSection, LevelSection
from gateway.config.interface_tables import AnsweringTable, AskingTable, DetailSection, TablesOperation
from gateway.config.reference_sections import FileReference, SecretFile, SecretVariable, TokenReference, TokenSettings
from gateway.config.rule_sections import (
    AskFrom,
    ConstantSection,
    HolderListSection,
    PeriodSection,
    ReadSection,
    RowsSection,
    WithheldSection,
)
from gateway.config.search_right_file import SearchRightSection, SearchRightsFile
from gateway.config.settings import (
    ConsoleRoles,
    ConsoleSettings,
    FormerKeySettings,
    FormerLogSettings,
    HolderKeySettings,
    LedgerSettings,
    LimitSettings,
    Listen,
    Metrics,
    NameOfRegion,
    PostgresqlSettings,
    RegionSettings,
    Settings,
    SystemSettings,
    Traces,
    WitnessSettings,
)
from gateway.config.shape import Section, shape
from gateway.config.table_file import PresentSection, TableFile, VerifySection, read_table
from gateway.config.tables import check_table

ROOT = Path(__file__).parents[3]
PAGE = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("configuration.md", "interface-files.md"))
_HTTP = "Families over HTTP"
PLACES: dict[type[Section], str] = {
    Settings: "gateway.yaml",
    Listen: "listen",
    Metrics: "metrics",
    ConsoleSettings: "console",
    ConsoleRoles: "roles of the console",
    Traces: "traces",
    RegionSettings: "regions",
    NameOfRegion: "name",
    SystemSettings: "systems",
    FileReference: "References",
    SecretFile: "References",
    SecretVariable: "References",
    LedgerSettings: "ledger",
    PostgresqlSettings: "postgresql",
    WitnessSettings: "witnesses",
    HolderKeySettings: "holder_key",
    FormerLogSettings: "former",
    TokenReference: "pkcs11",
    TokenSettings: "pkcs11",
    FormerKeySettings: "former holder keys",
    LimitSettings: "limits",
    OcspSettings: "ocsp",
    RenewalSettings: "renewal",
    AcmeSettings: "acme",
    ExternalAccount: "external_account",
    AgreementsFile: "Agreements",
    AgreementSection: "Agreements",
    EvidenceSection: "evidence",
    ValiditySection: "valid",
    HiddenSection: "hidden",
    SearchRightsFile: "Rights to search",
    SearchRightSection: "Rights to search",
    EvidenceTypeFile: "Catalogue",
    FieldSection: "Fields",
    TableFile: "Tables",
    VerifySection: "verify",
    PresentSection: "presented",
    AskFrom: "Ask rules",
    ConstantSection: "Answer rules",
    WithheldSection: "Answer rules",
    ReadSection: "Answer rules",
    RowsSection: "Answer rules",
    PeriodSection: "Answer rules",
    HolderListSection: "Answer rules",
    **dict.fromkeys((SignedRest, TokenRest, SoapInterface, XmlInJsonInterface, SealedInterface), _HTTP),
    OperationSection: "Operations",
    RequestSection: "Requests",
    FillingSection: "Values",
    AnswerSection: "Answers",
    LevelSection: "Levels",
    CityMomentSection: "Moments",
    CipherSection: "Ciphers",
    SignatureSection: "Signatures",
    SignatureHeaders: "Headers of a signature",
    LoginSection: "Log-ins",
    LifeSection: "Lives of tokens",
    SoapSection: "SOAP",
    XmlInJsonSection: "XML in JSON",
    SealSection: "Seals",
    TablesInterface: "Front-end databases",
    TablesOperation: "Operations of a database",
    AskingTable: "Questions in a table",
    AnsweringTable: "Answers in a table",
    DetailSection: "Rows of an answer",
}


def part(heading: str) -> str:
    found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def cells(heading: str, key: str) -> list[str]:
    row = re.search(rf"^\| `{re.escape(key)}` \|(.*)\|$", part(heading), re.MULTILINE)
    assert row, f"{heading}: {key}"
    return [each.strip() for each in row[1].split("|")]


def examples(heading: str) -> list[bytes]:
    return [each.encode() for each in re.findall(r"```yaml\n(.*?)```", part(heading), re.DOTALL)]


def sections(base: type[Section]) -> set[type[Section]]:
    below = {each for direct in base.__subclasses__() for each in sections(direct)}
    mine = (
        {base}
        if base.model_fields and base.__module__.startswith("gateway.config") and not base.__name__.startswith("_")
        else set()
    )
    return below | mine


def test_every_model_has_its_place():
    # A holder at a fixed place has the keys of one in a list, but `each`.
    assert {each.__name__ for each in sections(Section)} - {each.__name__ for each in PLACES} == {"HolderSection"}


@pytest.mark.parametrize(
    ("model", "key"),
    [(model, key) for model in PLACES for key in model.allowed()],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_every_key_stands_in_the_page(model: type[Section], key: str):
    meaning, form, default, example = cells(PLACES[model], key)
    assert meaning
    field = next(each for name, each in model.model_fields.items() if key in {name, each.alias})
    assert field.description
    # An answer rule has one of several keys: which of them are required, the page's first table says.
    if PLACES[model] != "Answer rules" and default != "by family":
        assert (default in {"required", "one of the two"}) == field.is_required()
    assert form or example


@pytest.mark.parametrize(
    ("heading", "key", "default"),
    [
        ("systems", "timeout", "`10s`"),
        ("systems", "connections", "`64`"),
        ("systems", "queue", "`128`"),
        ("witnesses", "interval", "`10s`"),
        ("witnesses", "limit", "`300s`"),
        ("limits", "default_deadline", "`20s`"),
        ("limits", "maximum_deadline", "`60s`"),
        ("limits", "minimum_deadline", "`500ms`"),
        ("limits", "answer_margin", "`250ms`"),
        ("limits", "in_flight", "`256`"),
        ("gateway.yaml", "catalogue", "`[shipped]`"),
        ("gateway.yaml", "tables", "`[shipped]`"),
        ("gateway.yaml", "strict_identifiers", "`false`"),
    ],
)
def test_defaults_are_those_of_the_models(heading: str, key: str, default: str):
    assert cells(heading, key)[2] == default
    model = next(each for each, place in PLACES.items() if place == heading)
    written = read_document("page", f"value: {default.strip('`')}".encode()).at(("value",))
    value = model.model_fields[key].default
    number = re.fullmatch(r"([0-9]+)(ms|s)", str(written))
    assert value == (int(number[1]) / (1000 if number[2] == "ms" else 1) if number else written)


def test_the_example_of_gateway_yaml_is_read():
    (content,) = examples("gateway.yaml")
    assert shape(read_document("page", content), Settings).regions["440100"].systems["g2"].timeout == 10


def test_the_example_of_keys_in_a_token_is_read():
    (content,) = examples("pkcs11")
    read = shape(read_document("page", content), LedgerSettings, ("ledger",))
    assert read.holder_key.pkcs11.module == read.key.pkcs11.module
    assert read.key.pkcs11.pin.file == "secrets/pin"


def test_the_example_of_agreements_is_read():
    (content,) = examples("Agreements")
    document = read_document("page", content)
    assert len(shape(document, AgreementsFile).agreements) == 1
    assert shape(document, AgreementSection, ("agreements", 0)).id == "gz-fs-001"


def test_the_example_of_rights_to_search_is_read():
    (content,) = examples("Rights to search")
    document = read_document("page", content)
    assert len(shape(document, SearchRightsFile).search_rights) == 1
    assert shape(document, SearchRightSection, ("search_rights", 0)).id == "foshan-desk"


def test_the_example_of_the_catalogue_is_read():
    (content,) = examples("Catalogue")
    assert read_type(read_document("page", content)).alias == "income-tax-statement"


@pytest.mark.parametrize(
    ("heading", "family"),
    [
        ("signed-rest", "signed-rest"),
        ("token-rest", "token-rest"),
        ("SOAP", "soap"),
        ("XML in JSON", "xml-in-json"),
        ("Seals", "sealed"),
        ("Front-end databases", "tables"),
    ],
)
def test_the_example_of_each_family_is_the_one_that_is_asked(heading: str, family: str):
    assert examples(heading) == [(ROOT / f"tests/adapters/configured/written/{family}.yaml").read_bytes()]


def test_the_example_of_a_table_covers_its_kind():
    (content,) = examples("Tables")
    folder = Path(__file__).parents[3] / "gateway" / "catalogue"
    kind = read_type(read_document("kind", (folder / "social-insurance-proof.yaml").read_bytes()))
    table, problems = read_table(read_document("page", content))
    assert (*problems, *check_table(table, kind)[0]) == ()
