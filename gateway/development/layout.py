"""Writes what a development gateway needs into one folder: PKI, secrets, gateway.yaml and agreements.

Laws: keys and secrets are made anew, owner-only, and never leave the folder; the configuration is an ordinary one, read by the ordinary
reader, so that whoever looks at it learns how a real one is written.
"""

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.guomi.fault import GuomiError
from adapters.guomi.sm2 import PrivateKey
from adapters.registry import CREDENTIALS
from certs.custody import private_folder, write_key
from certs.development import GATEWAY_TRUST_DOMAIN, TRUST_DOMAINS, ClientSystem, DevelopmentPki, write_development_pki
from certs.generations import PUBLISHED, activate, judged, stage
from gateway.ledger.keys import new_key, signer
from gateway.ledger.note import Verifier
from gateway.ledger.policy import Witness
from gateway.witness.folder import make

WINDOW = ClientSystem("foshan-window", "440600", "11440600M00000027C", "window")
TERMINAL = ClientSystem("liwan-terminal", "440100", "11440100M00000019P", "liwan-terminal")
STRANGER = ClientSystem("foshan-stranger", "440600", "11440604M00000078E", "stranger")
DESK = ClientSystem("foshan-desk", "440600", "11440600M00000318F", "enquiry-desk")
CLIENTS = (WINDOW, TERMINAL, STRANGER, DESK)
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({"440100": ("广州市", "Guangzhou"), "440600": ("佛山市", "Foshan")})
MATTERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        WINDOW.client: ("440600-HRSS-0001", "社会保险关系转移接续"),
        TERMINAL.client: ("440103-SAMR-0001", "企业跨城变更登记"),
        DESK.client: ("440600-DATA-0001", "个人信息使用记录查询"),
    }
)
LOG = "log.gateway.test/development"
_SECRET_LENGTH = 32
DEPARTMENTS: Mapping[str, str] = MappingProxyType(
    {
        WINDOW.client: "佛山市人力资源和社会保障局（虚构）",
        TERMINAL.client: "广州市荔湾区政务服务中心（虚构）",
        DESK.client: "佛山市政务服务和数据管理局（虚构）",
    }
)
INTERFACES: Mapping[str, tuple[str, ...]] = MappingProxyType({"440100": ("g1", "g2", "g3"), "440600": ("f1", "f2", "f3", "f4")})
FRONTS = frozenset({"f4"})
"""Interfaces that are a database of the city's, and no address."""
CITIES: Mapping[str, str] = MappingProxyType({"440100": "guangzhou", "440600": "foshan"})


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything lies."""

    folder: Path
    pki: DevelopmentPki
    config: Path
    ledger: Path
    city_secrets: Mapping[str, Path]

    def verifiers(self) -> tuple[Verifier, ...]:
        """Who signs the evidence log."""
        return (signer(LOG, (self.folder / "secrets" / "log-key").read_bytes()).verifier,)

    @property
    def material(self) -> Path:
        """The gateway's certificates in their generations."""
        return self.folder / "material"

    def front(self, region: str) -> str:
        """Where the front-end database of a city is."""
        return f"sqlite://{quote(str(_front(self.folder, region)))}"

    def witness(self, region: str) -> Path:
        """The folder of a city's witness."""
        return self.folder / "witnesses" / CITIES[region]

    @property
    def witnessed_logs(self) -> Path:
        """What the witnesses watch: the verifier keys of our log."""
        return self.folder / "witnesses" / "logs"

    def secrets(self, region: str) -> tuple[str, ...]:
        """What must not be shown, not even of a development environment: every secret long enough to be one."""
        shared = json.loads(self.city_secrets[region].read_text())
        return tuple(value for system in shared.values() for value in system.values() if len(value) >= _SECRET_LENGTH)


def lay_out(folder: Path, now: datetime, entropy: Callable[[int], bytes]) -> Layout:
    """Everything but the configuration, which needs to know where the cities listen. The evidence log begins anew."""
    folder = folder.absolute()
    private_folder(folder)
    private_folder(folder / "secrets")
    pki = write_development_pki(folder / "pki", now, CLIENTS)
    secrets, platform = _secrets(entropy), _new_key(entropy)
    for region, systems in secrets.items():
        for interface, values in systems.items():
            for name, value in values.items():
                _write(folder / "secrets" / f"{region}-{interface}-{name}", value)
    _write(folder / "secrets" / "440600-f3-platform_key", _public(platform))
    for region, systems in secrets.items():
        _write(
            folder / "secrets" / f"{region}.json",
            json.dumps(_with_databases(folder, region, _as_the_city_has_them(systems, platform))),
        )
    _write(folder / "secrets" / "holder-key", entropy(32).hex())
    _write(folder / "secrets" / "log-key", new_key(entropy).decode())
    for stale in (*folder.glob("ledger.db*"), *folder.glob("front/*"), folder / "witnessed.note", folder / "revoked.json"):
        stale.unlink(missing_ok=True)
    laid = Layout(
        folder=folder,
        pki=pki,
        config=folder / "gateway.yaml",
        ledger=folder / "ledger.db",
        city_secrets=MappingProxyType({region: folder / "secrets" / f"{region}.json" for region in secrets}),
    )
    _lay_out_witnesses(laid, entropy)
    _lay_out_material(laid, now)
    return laid


def write_configuration(
    layout: Layout,
    cities: Mapping[str, str],
    address: str,
    metrics: str,
    *,
    witnesses: Mapping[str, Witness] = MappingProxyType({}),
) -> None:
    """gateway.yaml and the agreements, and the policy of the witnesses where there are any.

    `cities`: the base URL of each region's systems; `witnesses`: the witness of each region.
    """
    regions = "".join(_region(layout, region, url) for region, url in cities.items())
    gateway = _GATEWAY.format(log=LOG, address=address, metrics=metrics, regions=regions)
    if witnesses:
        gateway += _WITNESSES
        (layout.folder / "witnesses.policy").write_text(_policy(layout, witnesses.values()))
    layout.config.write_text(gateway)
    folder = layout.folder / "agreements"
    folder.mkdir(exist_ok=True)
    agreements = "".join(_agreement(client, provider) for client, provider in ((WINDOW, "440100"), (TERMINAL, "440600")))
    (folder / "development.yaml").write_text("agreements:\n" + agreements)
    (layout.folder / "search-rights.yaml").write_text(_search_right())


def _lay_out_witnesses(layout: Layout, entropy: Callable[[int], bytes]) -> None:
    """A witness for each city, anew with the log: one that knew the log of an earlier run would refuse this one, and rightly."""
    private_folder(layout.folder / "witnesses")
    for region in CITIES:
        folder = layout.witness(region)
        if folder.is_dir():
            shutil.rmtree(folder)
        make(folder, f"witness.{TRUST_DOMAINS[region]}/development", Ed25519PrivateKey.from_private_bytes(entropy(32)))
    layout.witnessed_logs.write_text("".join(f"{each}\n" for each in layout.verifiers()))


def _lay_out_material(layout: Layout, now: datetime) -> None:
    """The gateway's certificates, and the authorities that it trusts, as their first generation."""
    if layout.material.is_dir():
        shutil.rmtree(layout.material)
    pki, judge = layout.pki, partial(judged, now=now)
    files: dict[str, bytes | None] = {PUBLISHED: pki.gateway_ca.read_bytes()}
    for name, pair in (("server", pki.gateway_server), ("client", pki.gateway_client)):
        files |= {f"{name}.pem": pair.certificate.read_bytes(), f"{name}.key": pair.key.read_bytes()}
    for region in CITIES:
        files[f"authorities/{region}.pem"] = pki.authorities[region].certificate.read_bytes()
    activate(layout.material, stage(layout.material, files, judge).name, judge)


def _policy(layout: Layout, witnesses: Collection[Witness]) -> str:
    lines = [f"witness {each.name} {each.verifier} {each.url}\n" for each in witnesses]
    names = " ".join(each.name for each in witnesses)
    logs = "".join(f"log {each}\n" for each in layout.verifiers())
    return f"{_POLICY}{logs}{''.join(lines)}group cities 1 {names}\nquorum cities\n"


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    write_key(path, text.encode())


def _secrets(entropy: Callable[[int], bytes]) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """What the gateway has for the cities' systems, by region and interface; all but private keys the city has as well."""

    def fresh() -> str:
        return entropy(16).hex()

    return {
        "440100": {
            "g1": {
                "app_key": fresh(),
                "app_secret": fresh(),
                "account": "kuacheng",
                "password": fresh(),
                "org_code": WINDOW.credit_code,
            },
            "g2": {"paasid": "kuacheng", "token": fresh()},
            "g3": {"paasid": "kuacheng-bdc", "token": fresh()},
        },
        "440600": {
            "f1": {"access_id": "kuacheng", "access_token": fresh()},
            "f2": {"sid": "kuacheng", "app_secret": fresh(), "aes_key": fresh()},
            "f3": {"app_code": "kuacheng", "sm4_key": fresh(), "private_key": _new_key(entropy)},
            "f4": {"account": "kuacheng", "password": fresh()},
        },
    }


def _new_key(entropy: Callable[[int], bytes]) -> str:
    """An SM2 private key, 64 hex digits. The few numbers in four thousand million that are none are drawn again."""
    while True:
        scalar = entropy(32)
        with suppress(GuomiError):
            PrivateKey(scalar)
            return scalar.hex()


def _public(private: str) -> str:
    return PrivateKey(bytes.fromhex(private)).public.point.hex()


def _as_the_city_has_them(systems: Mapping[str, Mapping[str, str]], platform: str) -> Mapping[str, Mapping[str, str]]:
    """The same, but of key pairs the other halves."""
    return {
        interface: {
            **{name: value for name, value in values.items() if name != "private_key"},
            **({"app_key": _public(values["private_key"]), "platform_private_key": platform} if "private_key" in values else {}),
        }
        for interface, values in systems.items()
    }


def _front(folder: Path, region: str) -> Path:
    return folder / "front" / f"{CITIES[region]}.db"


def _with_databases(folder: Path, region: str, systems: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """The same, and where the city finds its front-end databases."""
    url = f"sqlite://{quote(str(_front(folder, region)))}"
    return {name: {**values, **({"database": url} if name in FRONTS else {})} for name, values in systems.items()}


_GATEWAY = """\
# Made by `kuacheng dev`: two cities' simulators on this machine. See docs/configuration.md for every key.
version: 1
log: {log}
listen:
  address: {address}
  certificate: {{file: material/current/server.pem}}
  key: {{file: material/current/server.key}}
metrics: {{address: "{metrics}"}}
regions:{regions}
catalogue: [shipped]
tables: [shipped]
agreements: [agreements]
search_rights: [search-rights.yaml]
ledger:
  file: ledger.db
  key: {{file: secrets/log-key}}
  holder_key: {{id: hk-development, file: secrets/holder-key}}
"""

_WITNESSES = """\
  witnesses:
    policy: {file: witnesses.policy}
    kept: {file: witnessed.note}
    interval: 5s
    limit: 60s
"""

_POLICY = """\
# Made by `kuacheng dev`: the witness of either city is enough here, so that one may be stopped to see what happens.
# Between cities that do not take each other's word: `group cities all ...`. See docs/witness.md.
"""

_REGION = """
  "{region}":
    name: {{zh: {zh}, en: {en}}}
    trust_domain: {domain}
    authorities: {{file: material/current/authorities/{region}.pem}}
    systems:"""

_SYSTEM = """
      {interface}:
        connector: {city}.{interface}
        url: {url}
        server_name: {domain}
        authorities: {{file: material/current/authorities/{region}.pem}}
        certificate: {{file: material/current/client.pem}}
        key: {{file: material/current/client.key}}
        credentials:{credentials}"""

_AGREEMENT = """
  - id: {client}-asks-{provider}
    title: 广佛跨城通办数据共享协议（开发环境）
    department: {department}
    department_name: {name}
    department_region: "{home}"
    systems: [{system}]
    region: "{provider}"
    evidence:{evidence}
    matters: [{matter}]
    legal_bases: [STATUTORY_DUTY]
    valid: {{from: 2026-01-01, to: 2036-12-31}}
"""

_SEARCH_RIGHT = """\
# Made by `kuacheng dev`: who may find out who looked at a holder's data. See docs/usage.md.
search_rights:
  - id: {client}-tells-who-looked
    title: 个人信息使用记录查询窗口（开发环境）
    department: {department}
    department_name: {name}
    department_region: "{home}"
    systems: [{system}]
    regions: ["440100", "440600"]
    evidence: all
    matters: [{matter}]
    legal_bases: [STATUTORY_DUTY]
    valid: {{from: 2026-01-01, to: 2036-12-31}}
"""

TYPES = (
    "social-insurance-proof",
    "housing-record",
    "income-tax-statement",
    "medical-insurance-statement",
    "provident-fund-statement",
    "traffic-fine-record",
    "tax-payment-proof",
    "invoice-check",
    "vehicle-tax-record",
    "business-licence",
    "driving-licence",
    "marriage-certificate",
    "real-estate-title",
    "vehicle-licence",
    "birth-certificate",
    "food-business-licence",
    "school-operating-licence",
    "disability-certificate",
)


def _region(layout: Layout, region: str, url: str) -> str:
    zh, en = NAMES[region]
    head = _REGION.format(region=region, zh=zh, en=en, domain=TRUST_DOMAINS[region])
    at = {interface: layout.front(region) if interface in FRONTS else url for interface in INTERFACES[region]}
    return head + "".join(_system(region, interface, each) for interface, each in at.items())


def _system(region: str, interface: str, url: str) -> str:
    names = sorted(CREDENTIALS[f"{CITIES[region]}.{interface}"])
    credentials = "".join(f"\n          {name}: {{file: secrets/{region}-{interface}-{name}}}" for name in names)
    return _SYSTEM.format(
        region=region, interface=interface, city=CITIES[region], url=url, domain=TRUST_DOMAINS[region], credentials=credentials
    )


def _agreement(client: ClientSystem, provider: str) -> str:
    evidence = "".join(f"\n      - {{type: {name}, fields: all, verify: all, download: true}}" for name in TYPES)
    return _AGREEMENT.format(
        client=client.client,
        provider=provider,
        department=client.credit_code,
        name=DEPARTMENTS[client.client],
        home=client.region,
        system=client.system,
        evidence=evidence,
        matter=MATTERS[client.client][0],
    )


def _search_right() -> str:
    return _SEARCH_RIGHT.format(
        client=DESK.client,
        department=DESK.credit_code,
        name=DEPARTMENTS[DESK.client],
        home=DESK.region,
        system=DESK.system,
        matter=MATTERS[DESK.client][0],
    )


SERVER_NAME = GATEWAY_TRUST_DOMAIN
