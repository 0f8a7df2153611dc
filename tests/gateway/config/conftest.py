"""A whole configuration on disk, with a throw-away PKI, that a test changes in one place."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.config import ConfigError, Loaded, load

GATEWAY = """\
version: 1
log: log.gateway.test/2026h2
listen: {address: "127.0.0.1:8443", certificate: {file: pki/gateway.crt}, key: {file: pki/gateway.key}}
metrics: {address: "127.0.0.1:9464"}
regions:
  "440100":
    name: {zh: 广州市, en: Guangzhou}
    trust_domain: guangzhou.test
    authorities: {file: pki/guangzhou-ca.crt}
    systems:
      g2:
        connector: guangzhou.g2
        url: https://127.0.0.1:9001
        server_name: guangzhou.test
        authorities: {file: pki/guangzhou-ca.crt}
        certificate: {file: pki/gateway.crt}
        key: {file: pki/gateway.key}
        timeout: 8s
        connections: 32
        credentials: {paasid: {file: secrets/g2-paasid}, token: {env: KUACHENG_G2_TOKEN}}
  "440600":
    name: {zh: 佛山市, en: Foshan}
    trust_domain: foshan.test
    authorities: {file: pki/foshan-ca.crt}
    systems:
      f1:
        connector: foshan.f1
        url: https://foshan.test:9002/
        authorities: {file: pki/foshan-ca.crt}
        certificate: {file: pki/gateway.crt}
        key: {file: pki/gateway.key}
catalogue: [shipped]
tables: [tables]
agreements: [agreements]
ledger: {file: ledger.db, key: {file: secrets/log.key}, holder_key: {id: hk-2026, file: secrets/holder.key}}
limits: {default_deadline: 20s, maximum_deadline: 1m, minimum_deadline: 500ms}
"""

AGREEMENTS = """\
agreements:
  - id: gz-fs-001
    title: Housing fund loans
    department: 11440600MB2D3E5F51
    systems: [window, terminal]
    region: "440100"
    evidence:
      - {type: social-insurance-proof, fields: [number, months_paid, contributions]}
    matters: [440600-0042]
    legal_bases: [STATUTORY_DUTY]
    valid: {from: 2026-09-01, to: 2027-08-31}
    department_name: Housing Fund Centre
    department_region: "440600"
  - id: fs-gz-001
    department: 11440600MB2D3E5F51
    region: "440600"
    evidence:
      - {type: 11100000M00000035K101, fields: all}
    matters: [440100-0007]
    legal_bases: [STATUTORY_DUTY, ENTRUSTED]
    valid: {from: 2026-09-01, to: 2026-09-01}
    department_name: Housing Fund Centre
    department_region: "440600"
"""

INSURANCE = """\
edition: "2026.11.1"
region: "440100"
type: social-insurance-proof
system: guangzhou.g2
operation: insured-proof
ask:
  person.aac147: {from: holder.id_number}
  person.aac003: {from: holder.name}
  certTypeCode: {from: holder.id_type, codes: {"111": "10", "414": "20"}}
  yae310: {from: parameters.months.first, month: "%Y%m"}
  yae311: {from: parameters.months.last, month: "%Y%m"}
  yae098: {constant: "1"}
answer:
  number: {from: bzbh}
  issuer: {constant: 广州市社会保险基金管理中心}
  issued_on: {from: cjrq, date: ["%Y%m%d", "%Y-%m-%d %H:%M:%S"]}
  holders:
    - {name: {from: aac003}, id_type: {constant: "111"}, id_number: {from: aac147}}
  employer: {from: aab004}
  employer_code: {withheld: the interface has no credit code of the unit}
  insured_status: {from: aac031, codes: {"1": ACTIVE, "2": SUSPENDED, "3": SUSPENDED, "4": ENDED}, lossy: true}
  insured_since: {from: aac049, month: "%Y%m", absent: ["000000"], optional: true}
  months_paid: {from: aae201}
  contributions:
    rows: mxlist
    columns:
      month: {from: aae003, month: "%Y%m"}
      insurance: {from: aae140, codes: {"110": PENSION, "210": UNEMPLOYMENT}}
      base: {from: aae180, unit: fen}
      personal_amount: {from: aae022, unit: yuan}
      employer_amount: {withheld: the interface does not tell it}
"""

LICENCE = """\
edition: "2026.11.2"
region: "440600"
type: 11100000M00000035K101
system: foshan.f1
operation: queryCert
ask:
  holderCode: {from: holder.id_number}
answer:
  identifier: {from: certIdentifier}
  number: {from: certNo}
  issuer: {from: issueOrg}
  issuer_code: {from: issueOrgCode}
  issued_on: {from: issueDate, date: "%Y%m%d"}
  valid_from: {from: beginDate, date: "%Y%m%d"}
  valid_to: {from: endDate, date: "%Y%m%d", absent: ["99991231"], optional: true}
  status: {from: state, codes: {"1": VALID, "2": REVOKED}}
  holders: {each: holders, name: {from: name}, id_type: {from: type, codes: {"1": "001"}}, id_number: {from: code}}
  enterprise_type: {withheld: not given}
  legal_representative: {from: frdb}
  registered_capital: {from: zczb, unit: wan-yuan}
  established_on: {from: clrq}
  address: {from: zs}
  business_scope: {from: jyfw}
"""

ENVIRONMENT = {"KUACHENG_G2_TOKEN": "token-7c1e"}
SECRET = "paas-41f0"


@dataclass(frozen=True)
class Site:
    """The configuration in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))

    def write(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def load(self) -> Loaded:
        return load(self.folder / "gateway.yaml", self.environment)

    def messages(self) -> list[str]:
        """Each problem as told, with the folder left out."""
        with pytest.raises(ConfigError) as caught:
            self.load()
        return [str(each).replace(f"{self.folder}/", "") for each in caught.value.problems]


@dataclass(frozen=True)
class Pki:
    """PEM by file name."""

    files: dict[str, bytes]


def _certificate(name: str, *, authority: bool, key: object | None = None) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    public = own.public_key() if key is None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(own, SHA256()).public_bytes(Encoding.PEM), own


def _private(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


@pytest.fixture(scope="session")
def pki() -> Pki:
    leaf, key = _certificate("gateway", authority=False)
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    return Pki(
        {
            "guangzhou-ca.crt": _certificate("guangzhou", authority=True)[0],
            "foshan-ca.crt": _certificate("foshan", authority=True)[0],
            "gateway.crt": leaf,
            "gateway.key": _private(key),
            "other.key": _private(_certificate("other", authority=False)[1]),
            "encrypted.key": _private(key, b"password"),
            "log.key": _private(ed25519.Ed25519PrivateKey.generate()),
            "next.key": _private(ed25519.Ed25519PrivateKey.generate()),
            "edwards.crt": _certificate("edwards", authority=False, key=edwards)[0],
            "edwards-ca.crt": _certificate("edwards", authority=True, key=edwards)[0],
        }
    )


@pytest.fixture
def site(tmp_path: Path, pki: Pki) -> Site:
    made = Site(tmp_path)
    for name, content in pki.files.items():
        made.write(f"pki/{name}", content)
    made.write("gateway.yaml", GATEWAY)
    made.write("agreements/both.yaml", AGREEMENTS)
    made.write("tables/social-insurance-proof.yaml", INSURANCE)
    made.write("tables/business-licence.yaml", LICENCE)
    made.write("secrets/g2-paasid", SECRET + "\n")
    made.write("secrets/holder.key", bytes(range(32)))
    made.write("secrets/log.key", pki.files["log.key"])
    return made
