"""Foshan's simulator as an integrator meets it: over mutual TLS, by the page, beside the city's own records."""

import asyncio
import base64
import contextlib
import datetime as dt
import hmac
import ipaddress
import itertools
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.foshan.simulator import numbers, signing
from adapters.foshan.simulator.certificates import NO_HOME
from adapters.foshan.simulator.certshare import LicenceLibrary
from adapters.foshan.simulator.departments import SERVICES, Service
from adapters.foshan.simulator.exchange import Exchange, Subscriber
from adapters.foshan.simulator.licences import (
    BUSINESS_LICENCE,
    DRIVING_LICENCE,
    MARRIAGE_CERTIFICATE,
    REAL_ESTATE_TITLE,
    VEHICLE_LICENCE,
    Licence,
)
from adapters.foshan.simulator.records import HOLDER_TYPES, Register
from adapters.foshan.simulator.wallet import Wallet
from adapters.guomi.sm2 import PrivateKey
from adapters.simulation.operation import Asked
from adapters.simulation.population import elicence_identifier, invoice
from tests.fuzzing import TIMES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/interfaces/foshan.md").read_text(encoding="utf-8")
PEOPLE, COMPANIES = 60, 40
SECRETS = {
    "f1": {"access_id": "test-access", "access_token": "test-token"},
    "f2": {"sid": "test-sid", "app_secret": "test-app-secret", "aes_key": "000102030405060708090a0b0c0d0e0f"},
    "f3": {
        "app_code": "test-app",
        "sm4_key": "000102030405060708090a0b0c0d0e0f",
        "platform_private_key": "02" * 32,
        "app_key": PrivateKey(bytes([1] * 32)).public.point.hex(),
    },
}
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
REFRESH = "/gjgxjhpt/sysapi/auth/refreshappsecret"
INSURED, HOUSES, TAX = (
    "/gjgxjhpt/rest/fsrs/insuredProof",
    "/gjgxjhpt/rest/fszrzy/houseRecord",
    "/gjgxjhpt/rest/fssw/incomeTaxList",
)
NOT_A_MATTER = "<certificateSystemName>窗口</certificateSystemName><certificateCallCategory>1</certificateCallCategory>"
USE = {"sxbm": "440103002", "sxmc": "公租房申请", "ywbh": "LW1"}
REGISTER = Register(PEOPLE, COMPANIES, 1)
FRESH = itertools.count()

Answer = tuple[int, str, bytes]


@dataclass
class City:
    """A running simulator and a client of it; `secret` is the F2 secret in use."""

    process: subprocess.Popen[str]
    url: str
    interfaces: list[str]
    pki: Path
    context: ssl.SSLContext
    runner: asyncio.Runner
    session: aiohttp.ClientSession | None = None
    secret: str = field(default="", repr=False)

    def end(self, *, told: bool = True) -> int:
        """End the program, by a signal or by the end of its stdin, and the client; the program's exit status."""
        with self.runner:
            if self.session:
                self.runner.run(self._part(self.session))
        if told:
            self.process.terminate()
        self.process.communicate(timeout=5)
        return self.process.returncode

    async def _part(self, session: aiohttp.ClientSession) -> None:
        await session.close()
        # A TLS connection is gone only some turns of the loop after it was closed.
        for _ in range(10):
            await asyncio.sleep(0)

    def call(self, method: str, path: str, *, known: bool = True, patience: float = 10.0, **request: Any) -> Answer:
        context = self.context if known else ssl.create_default_context(cafile=str(self.pki / "ca.pem"))
        timeout = aiohttp.ClientTimeout(total=patience)
        return self.runner.run(self._exchange(method, path, {"ssl": context, "timeout": timeout, **request}))

    async def _exchange(self, method: str, path: str, request: dict[str, Any]) -> Answer:
        self.session = self.session or aiohttp.ClientSession()
        async with self.session.request(method, self.url + path, **request) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > 2**21:
                    break
            return response.status, response.headers.get("Content-Type", ""), bytes(body)

    def control(self, method: str, path: str, order: Any = None) -> Any:
        return json.loads(self.call(method, f"/_simulator/{path}", json=order)[2])

    @contextlib.contextmanager
    def faulty(self, interface: str, fault: str, operation: str | None = None) -> Iterator[None]:
        self.control("POST", "faults", {"interface": interface, "fault": fault, "times": -1, "operation": operation})
        try:
            yield
        finally:
            self.control("DELETE", "faults")

    def soap(self, operation: str, inner: str) -> Answer:
        return self.raw_soap(envelope(operation, inner).encode("gb18030"))

    def raw_soap(self, body: bytes) -> Answer:
        headers = {"Content-Type": "text/xml; charset=gb2312", "SOAPAction": '""'}
        return self.call("POST", "/CertShare/services/CertShareService", data=body, headers=headers)

    def licence(self, operation: str, data: Mapping[str, str], **other: Any) -> etree._Element:
        return opened(self.soap(operation, request(data, **other)))

    def signed(self, path: str, body: Any, secret: str | None = None, **headers: str) -> dict[str, Any]:
        used = signed_headers(self.secret if secret is None else secret) | headers
        status, _, answer = self.call("POST", path, json=body, headers=used)
        assert status == 200
        answered: dict[str, Any] = json.loads(answer)
        return answered

    def refresh(self) -> str:
        """A new secret, opened as the page says, and from now on in use."""
        data = self.signed(REFRESH, {}, SECRETS["f2"]["app_secret"])["custom"]["data"]
        sealed = base64.b64decode(data["secret"])
        decryptor = Cipher(algorithms.AES(bytes(range(16))), modes.CBC(sealed[:16])).decryptor()
        padded = decryptor.update(sealed[16:]) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        self.secret = (unpadder.update(padded) + unpadder.finalize()).decode("ascii")
        return self.secret


def signed_headers(secret: str, **given_values: str) -> dict[str, str]:
    values = {"sid": "test-sid", "rid": f"r-{next(FRESH)}", "rtime": str(time.time_ns() // 10**6)} | given_values
    message = (values["sid"] + values["rid"] + values["rtime"]).encode()
    sign = base64.b64encode(hmac.new(secret.encode(), message, "sha256").digest()).decode()
    return {f"gjgxjhpt_{name}": value for name, value in values.items()} | {"gjgxjhpt_sign": sign}


def request(
    data: Mapping[str, str],
    head: tuple[str, str] = ("test-access", "test-token"),
    use: str = NOT_A_MATTER,
    claims: str = "",
) -> str:
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in data.items())
    return (
        f'<?xml version="1.0" encoding="gb2312"?><request><head><accessId>{head[0]}</accessId><accessToken>{head[1]}'
        f"</accessToken></head><data>{fields}<useCause>{use}</useCause>{claims}</data></request>"
    )


def envelope(operation: str, inner: str) -> str:
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<?xml version="1.0" encoding="gb2312"?><e:Envelope xmlns:e="{SOAP}" xmlns:c="urn:certshare:foshan"><e:Body>'
        f"<c:{operation}><xmlParam>{escaped}</xmlParam></c:{operation}></e:Body></e:Envelope>"
    )


def parsed(text: str) -> etree._Element:
    return etree.fromstring(text.split("?>", 1)[1].strip().encode(), etree.XMLParser(resolve_entities=False))


def opened(answer: Answer) -> etree._Element:
    status, content_type, body = answer
    assert (status, content_type) == (200, "text/xml; charset=gb2312")
    value = parsed(body.decode("gb18030")).findtext(".//return")
    assert value is not None
    return parsed(value)


def status_of(response: etree._Element) -> str | None:
    return response.findtext("head/status")


def by_holder(type_code: str, holder: str, **more: str) -> dict[str, str]:
    holder_type = "111" if numbers.resident(holder) else "001"
    return {"holderCode": holder, "holderTypeCode": holder_type, "certTypeCode": type_code, **more}


def read_licences(response: etree._Element) -> tuple[Licence, ...]:
    assert status_of(response) == "0"
    found = response.findall("data/certInfo")
    assert response.findtext("data/totalCount") == str(len(found))
    texts = [{str(child.tag): child.text or "" for child in element} for element in found]
    return tuple(Licence(info, json.loads(info.pop("certData"))) for info in texts)


def _certified(folder: Path, name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None) -> Any:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"test {name}")])
    issuer_name, issuer_key = issuer or (subject, key)
    now = dt.datetime.fromtimestamp(time.time_ns() / 1e9, dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(address, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return subject, key


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    authority = _certified(folder, "ca", None)
    for name in ("server", "client"):
        _certified(folder, name, authority)
    (folder / "secrets.json").write_text(json.dumps(SECRETS), encoding="utf-8")
    return folder


def start(pki: Path, *options: str) -> City:
    files = {"cert": "server.pem", "key": "server.key", "client-ca": "ca.pem", "secrets": "secrets.json"}
    named = [part for option, name in files.items() for part in (f"--{option}", str(pki / name))]
    size = ["--people", str(PEOPLE), "--companies", str(COMPANIES), "--seed", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.foshan.simulator", "--listen", "127.0.0.1:0", *named, *size, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "client.pem", pki / "client.key")
    return City(process, ready["url"], ready["interfaces"], pki, context, asyncio.Runner())


@pytest.fixture(scope="module")
def city(pki: Path) -> Iterator[City]:
    running = start(pki)
    running.refresh()
    yield running
    assert running.end() == 0


def test_says_where_it_serves_and_ends_with_its_parent(pki: Path) -> None:
    running = start(pki)
    assert running.interfaces == ["f1", "f2", "f3"]
    assert running.url.startswith("https://127.0.0.1:")
    assert running.end(told=False) == 0


def test_nobody_without_a_client_certificate_gets_in(city: City) -> None:
    with pytest.raises(aiohttp.ClientError):
        city.call("GET", "/_simulator/faults", known=False)


# F1


@pytest.mark.parametrize(
    ("type_code", "holder"),
    [
        *((BUSINESS_LICENCE, REGISTER.companies[index].code) for index in (0, 9)),
        *((DRIVING_LICENCE, REGISTER.people[index].number) for index in (0, 3)),
        *((MARRIAGE_CERTIFICATE, REGISTER.people[index].number) for index in (2, 3)),
    ],
    ids=("company 0", "company 9", "driver 0", "driver 3", "spouse 2", "spouse 3"),
)
def test_an_e_licence_is_the_citys_own_record(city: City, type_code: str, holder: str) -> None:
    own = REGISTER.licences(type_code, holder)
    name = REGISTER.name_of(holder) or ""
    response = city.licence("queryCertInfoByHolderCode", by_holder(type_code, holder.lower(), holderName=name))
    assert read_licences(response) == own
    assert len(own) == 1
    number = {"certNo": own[0].info["ZZBH"], "certTypeCode": type_code}
    assert read_licences(city.licence("queryCert", number)) == own


@pytest.mark.parametrize("type_code", sorted(HOLDER_TYPES))
def test_every_type_is_held_by_the_first_and_not_by_the_eleventh(city: City, type_code: str) -> None:
    of_companies = HOLDER_TYPES[type_code] == ("001",)
    first, eleventh = ((REGISTER.companies[at].code if of_companies else REGISTER.people[at].number) for at in (0, 10))
    own = REGISTER.licences(type_code, first)
    assert len(own) == 1
    assert read_licences(city.licence("queryCertInfoByHolderCode", by_holder(type_code, first))) == own
    assert status_of(city.licence("queryCertInfoByHolderCode", by_holder(type_code, eleventh))) == "10"
    numbered = {"certNo": own[0].info["ZZBH"], "certTypeCode": type_code}
    assert read_licences(city.licence("queryCert", numbered)) == own
    keys = PAGE[PAGE.index("## F1.9") : PAGE.index("## F1.10")]
    assert all(f"| {name} |" in keys or f"{name}," in keys or f", {name} |" in keys for name in own[0].data)


def test_a_joint_title_is_found_by_either_owner_with_a_share_for_each() -> None:
    [first], [second] = (REGISTER.licences(REAL_ESTATE_TITLE, person.number) for person in REGISTER.people[:2])
    assert first == second
    assert first.info["CZZTDM"] == f"{REGISTER.people[0].number}^{REGISTER.people[1].number}"
    assert first.data["QLBL"].count("^") == 1


def test_a_company_s_vehicle_is_found_by_its_code(city: City) -> None:
    code = REGISTER.companies[0].code
    found = read_licences(city.licence("queryCertInfoByHolderCode", by_holder(VEHICLE_LICENCE, code)))
    assert [each.info["CZZTDMLXDM"] for each in found] == ["001"]


def test_the_charset_is_declared_as_one_and_is_another(city: City) -> None:
    data = by_holder(DRIVING_LICENCE, REGISTER.people[3].number)
    body = city.soap("queryCertInfoByHolderCode", request(data))[2]
    assert body.startswith(b'<?xml version="1.0" encoding="gb2312"?>')
    assert REGISTER.people[3].name.encode("gb18030") in body
    with pytest.raises(UnicodeDecodeError):
        body.decode("gb2312")


def test_two_spouses_are_one_certificate(city: City) -> None:
    man, woman = REGISTER.people[4], REGISTER.people[5]
    answers = [city.licence("queryCertInfoByHolderCode", by_holder(MARRIAGE_CERTIFICATE, one.number)) for one in (man, woman)]
    first, second = map(read_licences, answers)
    assert first == second
    assert first[0].info["CZZTDM"] == f"{man.number}^{woman.number}"
    assert first[0].data["XBDM"] == "^".join({"M": "1", "F": "2"}[one.sex] for one in (man, woman))


def test_verification_says_of_each_value_whether_it_holds(city: City) -> None:
    person = REGISTER.people[1]
    ends = REGISTER.licences(DRIVING_LICENCE, person.number)[0].info["ZZYXQJZRQ"]
    claims = f"<verifyData><ZZYXQJZRQ>{ends}</ZZYXQJZRQ><ZJCX>M</ZJCX><XXYZ>1</XXYZ></verifyData>"
    response = city.licence("verifyCertInfo", by_holder(DRIVING_LICENCE, person.number), claims=claims)
    assert [(item.tag, item.text) for item in response.findall(".//verifyItems/*")] == [
        ("ZZYXQJZRQ", "1"),
        ("ZJCX", "0"),
        ("XXYZ", "2"),
    ]
    assert response.findtext(".//verifyResult") == "0"
    claims = f"<verifyData><ZZYXQJZRQ>{ends}</ZZYXQJZRQ></verifyData>"
    response = city.licence("verifyCertInfo", by_holder(DRIVING_LICENCE, person.number), claims=claims)
    assert response.findtext(".//verifyResult") == "1"


DRIVER = by_holder(DRIVING_LICENCE, REGISTER.people[0].number)
WRONG_CHECK = DRIVER["holderCode"][:-1] + ("0" if DRIVER["holderCode"][-1] != "0" else "1")


@pytest.mark.parametrize(
    ("status", "data", "other"),
    [
        ("10", DRIVER | {"holderCode": REGISTER.people[10].number}, {}),
        ("10", DRIVER | {"holderCode": "440604189002140210"}, {}),
        ("10", DRIVER | {"holderName": "另一个人"}, {}),
        ("10", DRIVER | {"certNo": "1"}, {}),
        ("10", by_holder(MARRIAGE_CERTIFICATE, REGISTER.people[15].number), {}),
        ("10", by_holder(BUSINESS_LICENCE, REGISTER.companies[10].code), {}),
        ("11", DRIVER, {"head": ("test-access", "another")}),
        ("12", DRIVER | {"holderCode": " "}, {}),
        ("12", DRIVER, {"use": "<certificateSystemName>窗口</certificateSystemName>"}),
        ("12", DRIVER, {"head": ("test-access", "")}),
        ("100", DRIVER | {"certTypeCode": "11100000000013127D001"}, {}),
        ("102", DRIVER | {"holderCode": WRONG_CHECK}, {}),
        ("102", DRIVER | {"holderTypeCode": "001"}, {}),
        ("113", DRIVER | {"certTypeCode": "11100000M00000035K999"}, {}),
    ],
)
def test_every_refusal_has_its_status(city: City, status: str, data: dict[str, str], other: dict[str, Any]) -> None:
    response = city.licence("queryCertInfoByHolderCode", data, **other)
    assert status_of(response) == status
    assert response.find("data") is None


def test_no_entity_is_resolved(city: City) -> None:
    doctype = '<!DOCTYPE request [<!ENTITY id "test-access">]>'
    inner = request(DRIVER, head=("&id;", "test-token")).replace("<request>", f"{doctype}<request>")
    assert status_of(opened(city.soap("queryCertInfoByHolderCode", inner))) == "99"
    outer = envelope("queryCert", request(DRIVER)).replace("<e:Envelope", f"{doctype}<e:Envelope", 1)
    assert b"soap:Client" in city.raw_soap(outer.encode("gb18030"))[2]


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\xff\xff", envelope("queryAll", request(DRIVER)).encode("gb18030")])
def test_an_envelope_that_says_nothing_is_a_fault(city: City, body: bytes) -> None:
    status, _, answer = city.raw_soap(body)
    assert status == 200
    assert parsed(answer.decode("gb18030")).findtext(".//faultcode") == "soap:Client"


# F2


def question(path: str, number: str, **more: Any) -> dict[str, Any]:
    asked: dict[str, dict[str, Any]] = {
        INSURED: {"idNo": number, "beginMonth": "202311", "endMonth": "202402"},
        HOUSES: {"zjhm": number},
        TAX: {"NSRSBH": number, "SSQQ": "2023-11", "SSQZ": "2024-02"},
    }
    return asked[path] | {"yysm": USE} | more


def test_signature_and_seal_are_those_of_the_page() -> None:
    assert signing.sign("secret", "sid", "rid", "1700000000000") == "2/e8nyOQto/LdaZOMqek0PU6fZpjBXR8i3cj3oZ3a1Q="
    sealed = signing.sealed("5f4dcc3b5aa765d61d8327deb882cf99", bytes(range(16)), bytes(range(16, 32)))
    assert f"`{sealed}`" in PAGE


def test_a_certificate_is_the_citys_own_record(city: City) -> None:
    person = REGISTER.people[0]
    span = (2023, 11), (2024, 2)
    own = {
        INSURED: (1, REGISTER.insured_proof(person.number, *span)),
        HOUSES: ("0", REGISTER.house_record(person.number)),
        TAX: ("0000", REGISTER.income_tax(person.number, *span)),
    }
    for path, (code, record) in own.items():
        answered = city.signed(path, question(path, person.number.lower()))
        assert answered["status"] == {"code": "200", "text": "OK"}
        assert answered["custom"]["code"] == code
        assert answered["custom"]["data"] == record


def test_rows_are_those_of_the_months_asked(city: City) -> None:
    number = REGISTER.people[9].number
    insurance = city.signed(INSURED, question(INSURED, number))["custom"]["data"]["payList"]
    assert [(row["month"], row["kind"]) for row in insurance] == [
        (month, kind) for month in ("202311", "202312", "202401", "202402") for kind in ("01", "02", "03")
    ]
    assert all(isinstance(row[name], int) for row in insurance for name in ("payBase", "personPay", "unitPay"))
    tax = city.signed(TAX, question(TAX, number))["custom"]["data"]
    assert sorted({row["SKSSQ"] for row in tax["MXLB"]}) == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert sum(round(float(row["YJSE"]) * 100) for row in tax["MXLB"]) == round(float(tax["HJSE"]) * 100)
    later = city.signed(TAX, question(TAX, number, SSQQ="2025-01", SSQZ="2025-01"))["custom"]
    assert (later["code"], later["data"]["MXLB"], later["data"]["HJSE"]) == ("0000", [], "0.00")


@pytest.mark.parametrize(
    ("path", "name", "custom"),
    [
        (INSURED, "personName", {"code": 2, "text": "查无参保记录"}),
        (HOUSES, "xm", {"code": "0", "text": "成功", "data": NO_HOME}),
        (TAX, "NSRXM", {"code": "1404", "text": "未查询到该纳税人的纳税记录"}),
    ],
)
def test_each_department_says_no_such_record_in_its_own_way(city: City, path: str, name: str, custom: Any) -> None:
    unknown = [REGISTER.people[index].number for index in range(10, 15)] + ["440604189002140210"]
    for number in unknown:
        assert city.signed(path, question(path, number))["custom"] == custom
    assert city.signed(path, question(path, REGISTER.people[0].number, **{name: "另一个人"}))["custom"] == custom
    right = {name: REGISTER.people[0].name}
    assert city.signed(path, question(path, REGISTER.people[0].number, **right))["custom"] != custom


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        (INSURED, {"idNo": None}, 3),
        (INSURED, {"yysm": {}}, 3),
        (INSURED, {"idNo": WRONG_CHECK}, 4),
        (INSURED, {"beginMonth": "2023-11"}, 4),
        (INSURED, {"beginMonth": "202313"}, 4),
        (INSURED, {"beginMonth": "202403"}, 4),
        (INSURED, {"beginMonth": "201001"}, 4),
        (HOUSES, {"yysm": None}, "1001"),
        (HOUSES, {"zjhm": 5}, "1002"),
        (TAX, {"SSQQ": ""}, "1400"),
        (TAX, {"SSQQ": "202311"}, "1422"),
    ],
)
def test_a_department_checks_what_it_is_asked(city: City, path: str, change: dict[str, Any], code: Any) -> None:
    custom = city.signed(path, question(path, REGISTER.people[0].number) | change)["custom"]
    assert custom["code"] == code
    assert "data" not in custom


def test_the_platform_checks_before_it_passes_on(city: City) -> None:
    body = question(HOUSES, REGISTER.people[0].number)
    now = time.time_ns() // 10**6

    def refused(path: str = HOUSES, sent: Any = body, **headers: str) -> str:
        answered = city.signed(path, sent, **headers)
        assert "custom" not in answered
        return str(answered["status"]["code"])

    def with_values(**values: str) -> dict[str, str]:
        return signed_headers(city.secret, **values)

    assert refused(gjgxjhpt_rtime="yesterday") == "40001"
    assert refused(**with_values(sid="somebody")) == "40101"
    assert refused(**with_values(rtime=str(now - 301_000))) == "40103"
    assert refused(**with_values(rtime=str(now + 310_000))) == "40103"
    assert refused(gjgxjhpt_sign="AAAA") == "40102"
    assert refused(**signed_headers(SECRETS["f2"]["app_secret"])) == "40102"
    assert refused("/gjgxjhpt/rest/fsgjj/fundStatement") == "40301"
    assert refused("/gjgxjhpt/rest/nobody/nothing") == "40401"
    assert refused(sent=["no object"]) == "40002"
    assert city.signed(HOUSES, body, **with_values(rid="once", rtime=str(now - 200_000)))["status"]["code"] == "200"
    assert refused(**with_values(rid="once")) == "40104"


def test_only_app_secret_refreshes(city: City) -> None:
    assert city.signed(REFRESH, {})["status"]["code"] == "40102"


def test_a_secret_ends_and_a_replaced_one_sooner() -> None:
    exchange = Exchange(REGISTER, Subscriber("test-sid", "test-app-secret", bytes(range(16))), 100.0, 10.0)
    doors = {operation.path: operation.answer for operation in exchange.operations()}
    begun = 1_700_000_000.0

    def status(secret: str, path: str, second: float) -> dict[str, Any]:
        headers = signed_headers(secret, rtime=str(int((begun + second) * 1000)))
        body = json.dumps(question(HOUSES, REGISTER.people[0].number)).encode()
        reply: dict[str, Any] = json.loads(doors[path](Asked("POST", path, {}, headers, body, begun + second)).body)
        return reply

    def renewed(second: float) -> str:
        data = status("test-app-secret", REFRESH, second)["custom"]["data"]
        assert data["secretEndTime"] == int((begun + second + 100) * 1000)
        sealed = base64.b64decode(data["secret"])
        decryptor = Cipher(algorithms.AES(bytes(range(16))), modes.CBC(sealed[:16])).decryptor()
        return (decryptor.update(sealed[16:]) + decryptor.finalize())[:32].decode()

    def at(secret: str, second: float) -> str:
        return str(status(secret, HOUSES, second)["status"]["code"])

    first = renewed(0)
    second = renewed(50)
    assert (at(first, 59.9), at(first, 60), at(second, 60)) == ("200", "40105", "200")
    assert (at(second, 149.9), at(second, 150), at(first, 150)) == ("200", "40105", "40105")


def test_the_options_set_how_long_a_secret_lives(pki: Path) -> None:
    brief = start(pki, "--secret-life", "0.6", "--secret-overlap", "0.1")
    try:
        brief.refresh()
        body = question(HOUSES, REGISTER.people[0].number)
        until = time.monotonic() + 8
        while (code := brief.signed(HOUSES, body)["status"]["code"]) == "200":
            assert time.monotonic() < until
        assert code == "40105"
        brief.refresh()
        assert brief.signed(HOUSES, body)["status"]["code"] == "200"
    finally:
        assert brief.end() == 0


# Faults and the tape


def test_faults_of_connection_and_bytes(city: City) -> None:
    data = request(DRIVER)
    for fault in ("reset", "truncated"):
        with city.faulty("f1", fault), pytest.raises(aiohttp.ClientError):
            city.soap("queryCertInfoByHolderCode", data)
    with city.faulty("f2", "hang"), pytest.raises(TimeoutError):
        city.call("POST", HOUSES, json={}, headers=signed_headers(city.secret), patience=0.3)
    with city.faulty("f2", "status_500"):
        assert city.call("POST", HOUSES, json={}, headers=signed_headers(city.secret))[0] == 500
    with city.faulty("f1", "huge"):
        assert len(city.soap("queryCertInfoByHolderCode", data)[2]) > 2**21
    with city.faulty("f1", "wrong_charset"):
        body = city.soap("queryCertInfoByHolderCode", data)[2]
        assert REGISTER.people[0].name.encode("utf-8") in body
    for fault in ("entity_bomb", "external_entity"):
        with city.faulty("f1", fault):
            assert b"<!DOCTYPE" in city.soap("queryCertInfoByHolderCode", data)[2]
        with city.faulty("f1", f"inner_{fault}"):
            body = city.soap("queryCertInfoByHolderCode", data)[2]
            assert b"&lt;!DOCTYPE" in body
            assert b"<!DOCTYPE" not in body


def test_faults_in_the_shape_of_a_licence(city: City) -> None:
    def answer(fault: str) -> etree._Element:
        with city.faulty("f1", fault, "queryCertInfoByHolderCode"):
            return city.licence("queryCertInfoByHolderCode", DRIVER)

    def holders(response: etree._Element) -> list[str | None]:
        return [element.text for element in response.iter("CZZTDM")]

    assert answer("missing_field").find(".//ZZZT") is None
    assert answer("unknown_code").findtext(".//ZZZT") == "7"
    assert answer("bad_date").findtext(".//ZZBFRQ") == "20240231"
    assert status_of(answer("unknown_status")) == "77"
    assert status_of(answer("expired_token")) == "11"
    assert DRIVER["holderCode"] not in holders(answer("other_holder"))
    assert len(set(holders(answer("two_holders")))) == 2
    assert holders(city.licence("queryCertInfoByHolderCode", DRIVER)) == [DRIVER["holderCode"]]


@pytest.mark.parametrize("path", [INSURED, HOUSES, TAX])
def test_faults_in_the_shape_of_a_certificate(city: City, path: str) -> None:
    asked = question(path, REGISTER.people[0].number)
    true = city.signed(path, asked)

    def answer(fault: str) -> dict[str, Any]:
        with city.faulty("f2", fault):
            answered = city.signed(path, asked)
        assert answered != true
        return answered

    for fault in ("missing_field", "unknown_code", "bad_date", "unknown_custom_code"):
        assert answer(fault)["status"]["code"] == "200"
    assert REGISTER.people[0].number not in json.dumps(answer("other_holder"))
    mine, other = answer("two_holders")["custom"]["data"]
    assert mine == true["custom"]["data"]
    assert other != mine
    codes = [answer(fault)["status"]["code"] for fault in ("unknown_status", "expired_token", "busy")]
    assert codes == ["20999", "40105", "50301"]
    assert city.signed(path, asked) == true


def test_an_empty_list_need_not_mean_no_home(city: City) -> None:
    with city.faulty("f2", "empty_without_flag", "houseRecord"):
        custom = city.signed(HOUSES, question(HOUSES, REGISTER.people[5].number))["custom"]
    assert custom["data"] == NO_HOME | {"wfbz": "0"}


def test_a_refresh_fails_only_when_its_fault_names_it(city: City) -> None:
    with city.faulty("f2", "expired_token"):
        assert city.refresh()
    with city.faulty("f2", "expired_token", "refresh"):
        assert city.signed(REFRESH, {}, SECRETS["f2"]["app_secret"])["status"]["code"] == "40102"


def test_the_tape_shows_the_inner_documents(city: City) -> None:
    before = [entry["seq"] for entry in city.control("GET", "tape")["entries"]]
    city.licence("queryCertInfoByHolderCode", by_holder(DRIVING_LICENCE, REGISTER.people[3].number))
    (entry,) = city.control("GET", f"tape?after={max(before, default=0)}")["entries"]
    assert (entry["interface"], entry["operation"]) == ("f1", "queryCertInfoByHolderCode")
    assert REGISTER.people[3].number in entry["request"]["inner"]
    assert f"<CZZT>{REGISTER.people[3].name}</CZZT>" in entry["response"]["inner"]


# The registers and the page


def test_the_registers_hold_what_is_settled() -> None:
    number = [person.number for person in REGISTER.people]
    span = (2023, 1), (2024, 12)
    for index in range(10):
        proof, tax = REGISTER.insured_proof(number[index], *span), REGISTER.income_tax(number[index], *span)
        assert proof is not None
        assert len(proof["payList"]) == 72
        assert tax is not None
        assert len({row["SKSSQ"] for row in tax["MXLB"]}) == 24
        assert REGISTER.licences(DRIVING_LICENCE, number[index])
        assert REGISTER.licences(MARRIAGE_CERTIFICATE, number[index])
    assert [REGISTER.house_record(each)["total"] for each in number[:10]] == [2, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    for unknown in number[10:15]:
        assert REGISTER.insured_proof(unknown, *span) is None
        assert REGISTER.income_tax(unknown, *span) is None
        assert not REGISTER.licences(DRIVING_LICENCE, unknown)
        assert not REGISTER.licences(MARRIAGE_CERTIFICATE, unknown)


def test_only_the_identifier_that_should_be_is_wrong() -> None:
    for index in range(10):
        (licence,) = REGISTER.licences(BUSINESS_LICENCE, REGISTER.companies[index].code)
        type_code, issuer, serial, version, _ = licence.info["ZZBS"].split(".")[-5:]
        assert (type_code, issuer) == (BUSINESS_LICENCE, licence.info["ZZBFJGDM"])
        right = elicence_identifier(type_code, issuer, serial, version)
        assert (licence.info["ZZBS"] == right) == (index != 9)


def test_a_large_register_has_rare_states_and_consistent_terms() -> None:
    register = Register(2000, 800, 1)
    drivers = [licence for one in register.people for licence in register.licences(DRIVING_LICENCE, one.number)]
    assert {licence.data["JSZZT"] for licence in drivers} == {"00", "01", "02", "03", "04", "05"}
    couples = [licence for one in register.people for licence in register.licences(MARRIAGE_CERTIFICATE, one.number)]
    assert {licence.data["HYZT"] for licence in couples} == {"10", "20", "30"}
    assert {licence.info["ZZKXDJ"] for licence in couples} == {"A", "B", "C", "D", ""}
    for licence in drivers + couples:
        assert licence.info["ZZYXQQSRQ"] < licence.info["ZZYXQJZRQ"]
        assert licence.info["ZZYXQQSRQ"] <= licence.info["ZZBFRQ"] <= "20250115"
    homeless = sum(register.house_record(one.number) == NO_HOME for one in register.people)
    assert 700 < homeless < 900


def shape(value: Any) -> Any:
    """The keys and types of a JSON value; a list is as its first row."""
    if isinstance(value, dict):
        return {key: shape(held) for key, held in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def _of(service: Service, place: int) -> dict[str, str]:
    """The holder at this place, in the service's words."""
    if numbers.resident in service.forms:
        return {service.number: REGISTER.people[place].number, service.holder: REGISTER.people[place].name}
    return {service.number: REGISTER.companies[place].code, service.holder: REGISTER.companies[place].name}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "001"),
        ({"FPHM": "2" * 20}, "002"),
        ({"KPRQ": "2023-01-01"}, "002"),
        ({"FPHM": "123"}, "102"),
        ({"KPRQ": None}, "101"),
        ({"XFSBH": REGISTER.people[0].number}, "102"),
    ],
)
def test_an_invoice_is_found_by_number_and_day_together(city: City, change: dict[str, Any], code: str) -> None:
    settled = invoice("440600", 0, 1)
    asked = {"XFSBH": REGISTER.companies[0].code, "FPHM": settled.number, "KPRQ": f"{settled.issued}", "yysm": USE}
    assert city.signed("/gjgxjhpt/rest/fssw/invoiceCheck", asked | change)["custom"]["code"] == code


def test_the_pages_examples_have_the_shape_of_the_answers(city: City) -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", PAGE[PAGE.index("## F2.5") : PAGE.index("# F3. ")], re.DOTALL)
    for service, (asked, answered, nothing) in zip(SERVICES, zip(*[iter(blocks)] * 3, strict=True), strict=True):
        body = json.loads(asked) | _of(service, 0)
        assert shape(city.signed(service.path, body)) == shape(json.loads(answered))
        body = body | _of(service, 10)
        assert city.signed(service.path, body) == json.loads(nothing)
    examples = PAGE[PAGE.index("## F1.10") : PAGE.index("# F2. Cert")]
    for licence in REGISTER.licences(DRIVING_LICENCE, REGISTER.people[0].number):
        assert all(f"<{name}>" in examples or f"<{name}/>" in examples for name in licence.info)
        assert all(f'"{name}":' in examples for name in licence.data)


# Whatever comes, an answer goes


LIBRARY = LicenceLibrary(REGISTER, ("test-access", "test-token"), Wallet(REGISTER))
WORDS = st.text(max_size=24) | st.sampled_from([DRIVER["holderCode"], "111", "001", DRIVING_LICENCE, "0", "1", "202401"])
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3))


@given(
    body=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: envelope("queryCert", text).encode("gb18030", "replace"))
)
@settings(max_examples=80 * TIMES, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    reply = LIBRARY.answer(Asked("POST", "/", {}, {}, body, 0.0))
    assert reply.status == 200
    assert parsed(reply.body.decode("gb18030")).tag == f"{{{SOAP}}}Envelope"


@given(
    path=st.sampled_from(SERVICES),
    fields=st.dictionaries(
        st.sampled_from(["idNo", "zjhm", "NSRSBH", "beginMonth", "endMonth", "SSQQ", "SSQZ", "xm", "personName"]),
        VALUES,
    ),
    use=st.just(USE) | st.dictionaries(st.sampled_from(["sxbm", "sxmc", "ywbh"]), VALUES) | VALUES,
)
@settings(max_examples=120 * TIMES, deadline=None)
def test_any_question_has_a_code(path: Any, fields: dict[str, Any], use: Any) -> None:
    words = path.words
    custom = path.custom(REGISTER, fields | {"yysm": use}, None)
    assert custom["code"] in {said[0] for said in (words.fine, words.none, words.missing, words.wrong)}


@given(st.sampled_from(REGISTER.people), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_changed_sign_of_a_number_is_noticed(person: Any, place: int, sign: str) -> None:
    changed = person.number[:place] + sign + person.number[place + 1 :]
    assert (numbers.resident(changed) is not None) == (changed == person.number)
