"""`kuacheng certs` on a real configuration that nobody serves: what it lists and finds, refuses, and leaves untouched."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from certs import issuing, seen
from certs.authority import Authority
from certs.issuing import Place
from gateway.cli import main
from gateway.cli.language import of_locale
from gateway.clock import SystemClock, entropy
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind
from gateway.stages.identify import _PATH
from tests.certs import faulty

DEPARTMENT = ("--trust-domain", "foshan.test", "--department", "11440600M00000473U", "--system", "housing-desk")
URI = "spiffe://foshan.test/department/11440600M00000473U/system/housing-desk"
ENDPOINT = ("--endpoint", "gateway.test:8443")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    laid = lay_out(tmp_path_factory.mktemp("site") / "dev", SystemClock().now(), entropy)
    write_configuration(laid, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    return laid


@pytest.fixture
def site(layout: Layout, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(layout.folder, tmp_path / "dev", symlinks=True)
    return tmp_path / "dev"


def certs(*arguments: object) -> tuple[int, str, str]:
    found = CliRunner(env={"LC_ALL": "C"}).invoke(main, ["certs", *map(str, arguments)])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr


def config(layout: Layout) -> tuple[str, Path]:
    return "-c", layout.config


def csr(folder: Path, *further: str) -> Path:
    assert certs("csr", *(further or DEPARTMENT), "--out", folder / "asked")[0] == 0
    return folder / "asked.csr"


def authority(layout: Layout) -> Path:
    return layout.pki.authorities["440600"].certificate


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    return folder


def test_the_list_has_everything_once_with_its_uses(layout: Layout) -> None:
    caller = layout.pki.clients["foshan-window"].read().certificate
    row = seen.seen(caller, b"", datetime.now(UTC))  # noqa: TID251 - as the gateway would have seen it
    assert row is not None
    seen.write(seen.beside(layout.ledger), [row])
    status, said, _ = certs("list", *config(layout), "-o", "json")
    found = json.loads(said)["certificates"]
    uses = {(use["role"], use["by"]) for each in found for use in each["uses"]}
    assert status == 0
    assert uses >= {
        ("served", "gateway"),
        ("presented", "440100/g2"),
        ("published", "gateway"),
        ("trusted", "region 440600"),
        ("seen", ""),
    }
    assert len({each["sha256"] for each in found}) == len(found) == 6
    assert {each["generation"] for each in found if each["file"]} == {"000001"}
    (shown,) = (each for each in found if each["last_seen"])
    assert shown["uri"] == "spiffe://foshan.test/department/11440600M00000027C/system/window"
    assert certs("inspect", shown["sha256"][:8], *config(layout), "-o", "json")[1].count(shown["serial"]) == 1
    assert shown["serial"] in certs("inspect", shown["uri"], *config(layout))[1]


def test_people_read_it_in_their_language(layout: Layout) -> None:
    english, chinese = (certs("list", *config(layout), "--lang", lang)[1] for lang in ("en", "zh"))
    assert "  used as     served gateway\n" in english
    assert "  用途        对调用方出示 网关\n" in chinese
    assert len(english.splitlines()) == len(chinese.splitlines())


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_language_is_that_of_the_locale(environment: dict[str, str], language: str) -> None:
    assert of_locale(environment) == language


def test_what_is_due_makes_the_status(layout: Layout, tmp_path: Path) -> None:
    assert certs("needs-renewal", *config(layout))[:2] == (0, "nothing is due\n")
    status, said, _ = certs("needs-renewal", *config(layout), "--expires-in", "31d", "-o", "json")
    assert (status, len(json.loads(said)["due"])) == (1, 2)
    assert len(json.loads(certs("needs-renewal", *config(layout), "--all", "--expires-in", "400d", "-o", "json")[1])["due"]) > 2
    now = datetime.now(UTC)  # noqa: TID251 - judged by the machine's clock
    ca = Authority.create("old", now - timedelta(days=25), timedelta(days=30))
    old = tmp_path / "old.pem"
    old.write_bytes(ca.certificate_pem)
    assert certs("needs-renewal", old)[0] == 1
    assert certs("needs-renewal", old, "--expires-in", "1d")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("needs-renewal", "--expires-in", "soon"),
        ("needs-renewal", "--expires-in", "d"),
        ("inspect", "abcdef123"),
        ("check", "--partner", "440600"),
        ("check", "--cert", "{config}"),
        ("check", "--partner", "440999={config}"),
        ("csr", "--trust-domain", "foshan.test", "--out", "x"),
        ("csr", "--trust-domain", "foshan.test", "--department", "11440600M00000473X", "--system", "desk", "--out", "x"),
        ("csr", "--trust-domain", "foshan.test", "--department", "11440600M00000473U", "--system", "Desk", "--out", "x"),
        ("csr", "--profile", "gateway-server", "--trust-domain", "gateway.test", "--name", "one", "--out", "x"),
        ("csr", "--profile", "gateway", "--trust-domain", "gateway.test", "--name", "one", "--ip", "here", "--out", "x"),
        ("authority", "--trust-domain", "foshan.test", "--out", "x"),
        ("authority", "--trust-domain", "foshan.test", "--out", "x", "--passphrase-env", "NOT_SET_ANYWHERE"),
        ("issue", "--trust-domain", "foshan.test", "--authority", "{config}", "--out", "x"),
        ("inspect", "{config}"),
    ],
)
def test_wrong_use_is_told_and_makes_nothing(
    arguments: tuple[str, ...], layout: Layout, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(private)
    monkeypatch.setenv("KUACHENG_CONFIG", str(layout.config))
    status, _, said = certs(*(each.format(config=layout.config) for each in arguments))
    assert status == 2
    assert said
    assert list(private.iterdir()) == []


def test_a_sound_site_is_fine_and_a_spoilt_one_is_not(layout: Layout, site: Path) -> None:
    assert certs("check", *config(layout))[:2] == (0, f"{layout.config}: fine\n")
    (site / "material/current/ca.pem").write_bytes(layout.pki.callers_ca.read_bytes())
    status, said, _ = certs("check", "-c", site / "gateway.yaml", "-o", "json")
    found = json.loads(said)["findings"]
    assert status == 1
    assert [each["code"] for each in found] == ["chain-refused", "handshake-refused"] * 2
    assert all(each["message"] and each["message_zh"] for each in found)
    (site / "material/current/ca.pem").unlink()
    status, _, said = certs("check", "-c", site / "gateway.yaml", "--lang", "zh")
    assert (status, said.count("[not-published]")) == (1, 2)
    assert "警告：" in said


def test_a_partners_bundle_is_held_against_what_that_partner_is_shown(layout: Layout) -> None:
    other = layout.pki.callers_ca
    status, said, _ = certs("check", *config(layout), "--partner", f"440600={other}", "-o", "json")
    found = [(Path(each["material"]).name, each["code"]) for each in json.loads(said)["findings"]]
    assert (status, found) == (1, [("client.pem", "not-in-bundle")])
    said = certs("check", *config(layout), "--partner", f"housing-desk={other}", "-o", "json")[1]
    assert [Path(each["material"]).name for each in json.loads(said)["findings"]] == ["server.pem"]
    assert certs("check", *config(layout), "--partner", f"440600={layout.pki.gateway_ca}")[0] == 0


def test_a_pair_is_checked_before_there_is_a_configuration(layout: Layout, tmp_path: Path) -> None:
    pair = layout.pki.gateway_server
    assert certs("check", "--cert", pair.certificate, "--key", pair.key, "--ca", layout.pki.gateway_ca)[0] == 0
    open_key = tmp_path / "open.key"
    open_key.write_bytes(layout.pki.gateway_client.key.read_bytes())
    open_key.chmod(0o644)
    said = certs("check", "--cert", pair.certificate, "--key", open_key, "--ca", layout.pki.gateway_ca, "-o", "json")[1]
    assert {each["code"] for each in json.loads(said)["findings"]} == {"key-mismatch", "key-open", "handshake-refused"}


def test_a_clock_that_went_back_is_found(site: Path, layout: Layout) -> None:
    row = seen.seen(layout.pki.clients["foshan-window"].read().certificate, b"", datetime.now(UTC) + timedelta(hours=1))  # noqa: TID251
    assert row is not None
    seen.write(seen.beside(site / "ledger.db"), [row])
    said = certs("check", "-c", site / "gateway.yaml", "-o", "json")[1]
    assert [each["code"] for each in json.loads(said)["findings"]] == ["clock-behind"]


def test_a_key_is_made_owner_only_and_never_told_or_overwritten(private: Path) -> None:
    status, said, _ = certs("csr", *DEPARTMENT, "--out", private / "desk", "-o", "json")
    told = json.loads(said)
    assert (status, told["uri"], Path(told["key"]).stat().st_mode & 0o777) == (0, URI, 0o600)
    assert "PRIVATE" not in said
    before = (private / "desk.key").read_bytes()
    status, _, said = certs("csr", *DEPARTMENT, "--out", private / "desk")
    assert (status, "nothing was overwritten" in said, (private / "desk.key").read_bytes() == before) == (2, True, True)


def test_what_is_issued_is_named_as_the_gateway_reads_it(layout: Layout, private: Path) -> None:
    arguments = ("--authority", authority(layout), *DEPARTMENT, "--new-key", *config(layout), *ENDPOINT)
    status, said, _ = certs("issue", *arguments, "--onboarding", "--out", private / "handed", "-o", "json")
    told = json.loads(said)
    assert (status, told["uri"]) == (0, URI)
    assert _PATH.fullmatch(URI.removeprefix("spiffe://foshan.test"))
    assert {"key.pem", "test.sh", "proto/kuacheng/v1/evidence.proto"} <= set(told["files"])
    assert json.loads((private / "handed/connection.json").read_text())["server_name"] == "gateway.test"
    assert issuing.issued(Place(authority(layout)))[-1]["serial"] == told["serial"]
    with Log.open(layout.ledger) as log:
        entry = log.entries()[-1].entry
    assert (entry.kind, entry.facts["act"], entry.facts["serial"]) == (EntryKind.ACT, "CERTIFICATE_ISSUED", told["serial"])
    pair = ("--cert", private / "handed/certificate.pem", "--key", private / "handed/key.pem")
    assert certs("check", *pair, "--ca", authority(layout))[0] == 0


def test_what_the_gateway_would_not_know_is_not_issued(layout: Layout, private: Path) -> None:
    (private / "phrase").write_text("a passphrase for tests\n")
    (private / "phrase").chmod(0o600)
    secret = ("--passphrase-file", private / "phrase")
    assert certs("authority", "--trust-domain", "foshan.test", "--out", private / "own", *secret)[0] == 0
    asked, common = csr(private), ("--out", private / "handed", *config(layout), *ENDPOINT)
    stranger = ("issue", "--authority", private / "own.pem", *secret, *DEPARTMENT, "--csr", asked)
    status, _, said = certs(*stranger, "--onboarding", *common)
    assert (status, "not among the authorities of region 440600" in said) == (1, True)
    nowhere = certs("issue", "--authority", authority(layout), *DEPARTMENT, "--csr", asked, "--onboarding", *common[:4])
    assert (nowhere[0], "--endpoint" in nowhere[2]) == (1, True)
    other = (*DEPARTMENT[:-1], "another-desk")
    status, _, said = certs("issue", "--authority", authority(layout), *other, "--csr", asked, *common)
    assert (status, "ask who made it" in said) == (1, True)
    assert certs("issue", "--authority", private / "own.pem", *DEPARTMENT, "--csr", asked, *common)[0] == 1
    assert not (private / "handed").exists()
    assert issuing.issued(Place(private / "own.pem")) == ()
    assert certs(*stranger, *common)[0] == 0
    assert sorted(each.name for each in (private / "handed").iterdir()) == ["certificate.pem"]


def test_a_passphrase_that_lies_open_is_not_taken(private: Path) -> None:
    (private / "phrase").write_text("a passphrase for tests\n")
    (private / "phrase").chmod(0o644)
    made = certs("authority", "--trust-domain", "foshan.test", "--out", private / "own", "--passphrase-file", private / "phrase")
    assert (made[0], "chmod 600" in made[2], (private / "own.key").exists()) == (2, True, False)


def test_an_import_is_whole_or_not_at_all(layout: Layout, private: Path) -> None:
    who = ("--profile", "gateway-server", "--trust-domain", "gateway.test", "--name", "one", "--dns", "gateway.test")
    ca = layout.pki.gateway_ca
    assert certs("issue", "--authority", ca, *who, "--csr", csr(private, *who), "--out", private / "answer")[0] == 0
    issued, into = private / "answer/certificate.pem", private / "material"
    common = ("import", issued, "--into", into, "--name", "server")
    status, _, said = certs(*common, "--key", private / "asked.key", "--ca", authority(layout))
    assert (status, "chain-refused" in said, "handshake-refused" in said, into.exists()) == (1, True, True, False)
    wrong_key = layout.pki.gateway_server.key
    status, said, _ = certs(*common, "--key", wrong_key, "--ca", ca, "-o", "json")
    assert (status, json.loads(said)["findings"][0]["code"], into.exists()) == (1, "key-mismatch", False)
    status, said, _ = certs(*common, "--key", private / "asked.key", "--ca", ca, "-o", "json")
    assert (status, json.loads(said)) == (0, {"generation": "000001", "state": "current", "findings": []})
    other = certs("import", issued, "--into", into, "--name", "other", "--key", private / "asked.key")
    assert (other[0], (into / "current").readlink(), (into / "000002/other.pem").is_file()) == (0, Path("000001"), True)
    assert (into / "current/server.key").stat().st_mode & 0o777 == 0o600


def test_an_import_of_what_is_faulty_says_its_fault_in_chinese(private: Path, layout: Layout) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - real handshakes go by the machine's clock
    made = Authority.create("own", now - timedelta(days=30), timedelta(days=365))
    leaf = faulty.two_uris(faulty.Authorities(made, made), now)
    for name, content in (("leaf.pem", leaf.certificate), ("leaf.key", leaf.key), ("ca.pem", made.certificate_pem)):
        (private / name).write_bytes(content)
        (private / name).chmod(0o600)
    files = (private / "leaf.pem", "--key", private / "leaf.key", "--ca", private / "ca.pem")
    status, _, said = certs("import", *files, "--into", private / "material", "--name", "client", "--lang", "zh")
    assert (status, "错误：" in said, "2 个 URI" in said, "[uri-ambiguous]" in said) == (1, True, True, True)


def test_a_development_pki_is_made_and_nothing_else_replaced(tmp_path: Path) -> None:
    status, said, _ = certs("init", tmp_path / "pki", "-o", "json")
    assert (status, set(json.loads(said)["authorities"])) == (0, {"gateway", "440100", "440600"})
    (tmp_path / "other").mkdir(mode=0o700)
    (tmp_path / "other/file").write_text("mine")
    status, _, said = certs("init", tmp_path / "other")
    assert (status, "holds something else" in said) == (2, True)
