"""Guangzhou's program over a real socket: what docs/interfaces/guangzhou.md says is what it does.

Laws: answers are compared with the city's own records, never with a table of the gateway; nothing waits by the clock.
"""

import ast
import asyncio
import hashlib
import itertools
import json
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.guangzhou.simulator.catalogue import CATALOGUE
from adapters.guangzhou.simulator.licences import BUSINESS, DRIVING, FOOD, MARRIAGE, SCHOOL, TITLE
from adapters.guangzhou.simulator.records import Records, data_fields_text
from adapters.simulation.population import invoice

RECORDS = Records.of()
PEOPLE, COMPANIES = RECORDS.register.people, RECORDS.register.companies
SECRETS = {
    "g1": {
        "app_key": "kuacheng-demo",
        "app_secret": "not-a-secret-1",
        "account": "gateway",
        "password": "not-a-secret-2",
        "org_code": "11440600M00000027C",
    },
    "g2": {"paasid": "kuacheng", "token": "token"},
    "g3": {"paasid": "kuacheng", "token": "token"},
}
G1 = "/license-app/v1"
SI, HOUSE, TAX = "/ebus/gzrs/si/insuredProof", "/ebus/gzbdc/house/personalRecords", "/ebus/gzsw/tax/incomeStatement"
MEDICAL = "/ebus/gzyb/mi/accountTransfers"
FUND, FINES = "/ebus/gzgjj/fund/depositProof", "/ebus/gzjj/violation/fines"
PAID, INVOICE, VEHICLES = "/ebus/gzsw/tax/paymentProof", "/ebus/gzsw/invoice/check", "/ebus/gzsw/tax/vehicleTax"
PAGE = Path(__file__).parents[3] / "docs" / "interfaces" / "guangzhou.md"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority made for this run, and the files of what it issued."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def certificate(self) -> Path:
        """Its own certificate, self-signed."""
        return self._write(self.name, self.key, authority=True)

    def issue(self, name: str) -> Path:
        """The certificate and key of `name`, in one file."""
        return self._write(f"{self.name}-{name}", ec.generate_private_key(ec.SECP256R1()), authority=False)

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> Path:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + (b"" if authority else private))
        return path


@dataclass
class City:
    """The running program and a client of it."""

    process: subprocess.Popen[str]
    url: str
    interfaces: list[str]
    runner: asyncio.Runner
    session: aiohttp.ClientSession
    token: str = ""

    def call(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        """Status and body of one request."""

        async def go() -> tuple[int, bytes]:
            async with self.session.request(method, self.url + path, **options) as response:
                return response.status, await response.read()

        return self.runner.run(go())

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of one request, which must be answered with HTTP 200."""
        status, body = self.call(method, path, **options)
        assert status == 200
        return json.loads(body)

    def g1(self, operation: str, body: dict[str, Any]) -> Any:
        """One POST of G1 with the token."""
        return self.json("POST", f"{G1}/license/{operation}", params={"access_token": self.token}, json=body)

    def licence(self, code: str) -> Any:
        """One get_license."""
        return self.json("GET", f"{G1}/license/get_license", params={"auth_code": code, "access_token": self.token})

    def g2(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """One POST of G2, signed."""
        return self.json("POST", path, json=body, headers=signed() | headers)

    def login(self) -> None:
        """Take a new token."""
        self.token = self.json("POST", f"{G1}/security/login", json=SECRETS["g1"])["access_token"]

    def arm(self, interface: str, fault: str, **more: Any) -> None:
        """Arm one fault, once."""
        self.json("POST", "/_simulator/faults", json={"interface": interface, "fault": fault, "times": 1} | more)


def clock() -> int:
    """Unix seconds: the program under test has a true clock, so its client needs one."""
    return int(time.time())  # noqa: TID251 - see above


def signed(timestamp: int | None = None, nonce: str | None = None, token: str = SECRETS["g2"]["token"]) -> dict[str, str]:
    """The headers of the signed gateway."""
    at = str(clock() if timestamp is None else timestamp)
    once = f"nonce-of-the-tests-{next(_numbers)}" if nonce is None else nonce
    signature = hashlib.sha256(f"{at}{token}{once}{at}".encode()).hexdigest()
    return {"x-tif-paasid": "kuacheng", "x-tif-timestamp": at, "x-tif-nonce": once, "x-tif-signature": signature}


def auth(item: str, number: str, **more: Any) -> dict[str, Any]:
    """A right body of /license/auth."""
    return {
        "operator": {
            "account": "fs-window-07",
            "name": "梁窗口",
            "identity_num": "",
            "role": "窗口人员",
            "division": "佛山市禅城区",
            "division_code": "440604",
            "service_org": "佛山市行政服务中心",
            "service_org_code": "11440600M00000027C",
        },
        "service_item_code": "440604-ZW-0001",
        "service_item_name": "企业变更登记",
        "biz_num": "FS20250630000017",
        "identity_number": number,
        "license_item_code": item,
        "page_index": 1,
        "page_size": 50,
        "request_id": f"request-{next(_numbers)}",
    } | more


YWXX = {
    "sxbm": "440604-ZW-0002",
    "sxmc": "公租房资格申请",
    "bjbh": "FS20250630000018",
    "czyzh": "fs-window-07",
    "czyxm": "梁窗口",
    "sqjg": "11440600M00000027C",
    "sqjgmc": "佛山市住房和城乡建设局",
}


def si(index: int, first: str = "202301", last: str = "202412", **more: Any) -> dict[str, Any]:
    """A right body of insuredProof for person `index`."""
    person = PEOPLE[index]
    holder = {"aac058": "01", "aac002": person.number, "aac003": person.name}
    return holder | {"aae041": first, "aae042": last, "ywxx": YWXX} | more


def house(index: int, **more: Any) -> dict[str, Any]:
    """A right body of personalRecords for person `index`."""
    return {"qlrzjzl": "1", "qlrzjh": PEOPLE[index].number, "qlrmc": PEOPLE[index].name, "ywxx": YWXX} | more


def tax(index: int, first: str = "2023-01", last: str = "2024-12", **more: Any) -> dict[str, Any]:
    """A right body of incomeStatement for person `index`."""
    holder = {"zjlx": "201", "zjhm": PEOPLE[index].number, "xm": PEOPLE[index].name}
    return holder | {"sksqq": first, "sksqz": last, "ywxx": YWXX} | more


def medical(index: int, first: str = "202301", last: str = "202412", **more: Any) -> dict[str, Any]:
    """A right body of accountTransfers for person `index`."""
    holder = {"psn_cert_type": "01", "certno": PEOPLE[index].number, "psn_name": PEOPLE[index].name}
    return holder | {"begnym": first, "endym": last, "ywxx": YWXX} | more


def check(index: int, **more: Any) -> dict[str, Any]:
    """A right body of the check of company `index`'s invoice."""
    settled = invoice("440100", index, 1)
    return {"xsfsbh": COMPANIES[index].code, "fphm": settled.number, "kprq": f"{settled.issued:%Y%m%d}", "ywxx": YWXX} | more


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates of two authorities and the secrets file."""
    folder = tmp_path_factory.mktemp("guangzhou")
    known, stranger = Authority(folder, "known"), Authority(folder, "stranger")
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(SECRETS), encoding="utf-8")
    stranger.certificate()
    return {
        "ca": known.certificate(),
        "server": known.issue("server"),
        "client": known.issue("client"),
        "stranger": stranger.issue("client"),
        "secrets": secrets,
    }


def start(files: dict[str, Path], *more: str) -> subprocess.Popen[str]:
    """The program, with a pipe for its stdin."""
    server, ca, secrets = str(files["server"]), str(files["ca"]), str(files["secrets"])
    command = [sys.executable, "-m", "adapters.guangzhou.simulator", "--cert", server, "--key", server]
    return subprocess.Popen(
        [*command, "--client-ca", ca, "--secrets", secrets, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PAGE.parents[2],
    )


def client_tls(files: dict[str, Path], certificate: str | None) -> ssl.SSLContext:
    """A client's TLS, with the named certificate or with none."""
    context = ssl.create_default_context(cafile=files["ca"])
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(files[certificate])
    return context


def connected(files: dict[str, Path], *more: str, certificate: str | None = "client") -> Iterator[City]:
    """A program just for one test or module, ended afterwards."""
    process = start(files, *more)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    with process, asyncio.Runner() as runner:

        async def open_session() -> aiohttp.ClientSession:
            connector = aiohttp.TCPConnector(ssl=client_tls(files, certificate))
            return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10))

        city = City(process, ready["url"], ready["interfaces"], runner, runner.run(open_session()))
        try:
            yield city
        finally:
            runner.run(city.session.close())
            process.terminate()


@pytest.fixture(scope="module")
def running(files: dict[str, Path]) -> Iterator[City]:
    """One program for all tests that leave it as they found it."""
    yield from connected(files)


@pytest.fixture
def city(running: City) -> City:
    """The program, logged in, with no fault armed."""
    running.call("DELETE", "/_simulator/faults")
    running.login()
    return running


def test_names_its_interfaces_when_it_serves(running: City) -> None:
    assert running.interfaces == ["g1", "g3", "g2"]
    assert re.fullmatch(r"https://127\.0\.0\.1:[0-9]+", running.url)


@pytest.mark.parametrize("certificate", [None, "stranger"])
def test_without_a_certificate_of_its_authority_nobody_connects(
    running: City, files: dict[str, Path], certificate: str | None
) -> None:
    async def go() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"{running.url}/_simulator/tape", ssl=client_tls(files, certificate))

    with pytest.raises(aiohttp.ClientError):
        asyncio.run(go())


def holder_of(item: str, index: int) -> str:
    """The number of whoever may hold a licence of this item, at this place."""
    return COMPANIES[index].code if item in {BUSINESS, FOOD, SCHOOL} else PEOPLE[index].number


def test_a_joint_title_is_found_by_either_owner_with_a_share_for_each() -> None:
    [first], [second] = (RECORDS.licences(person.number, TITLE) for person in PEOPLE[:2])
    assert first == second
    assert first.head["holder_identity_num"] == f"{PEOPLE[0].number},{PEOPLE[1].number}"
    assert first.fields["GYFE"].count(",") == 1


@pytest.mark.parametrize("index", [0, 3, 9])
@pytest.mark.parametrize("item", CATALOGUE)
def test_a_licence_is_the_record(city: City, item: str, index: int) -> None:
    number = holder_of(item, index)
    found = city.g1("auth", auth(item, number))
    record = RECORDS.licences(number, item)[0]
    [code] = found["auth_codes"]
    assert (found["ack_code"], found["errors"], found["total_count"]) == ("SUCCESS", [], 1)
    assert found["data"] == [record.head | {"auth_code": code}]
    answer = city.licence(code)["data"]
    assert answer == record.head | {"auth_code": code, "data_fields": data_fields_text(record)}
    # Python's own literals are a second reading of both spellings.
    assert ast.literal_eval(answer["data_fields"].replace(":null", ":None")) == record.fields


def test_both_spellings_of_data_fields_occur_and_read_the_same() -> None:
    holders = [(person.number, item) for person in PEOPLE[:600] for item in (DRIVING, MARRIAGE)]
    holders += [(company.code, BUSINESS) for company in COMPANIES]
    licences = [licence for holder in holders for licence in RECORDS.licences(*holder)]
    for licence in licences:
        text = data_fields_text(licence)
        assert text.startswith("{'" if licence.single_quoted else '{"')
        assert ast.literal_eval(text.replace(":null", ":None")) == licence.fields
        if not licence.single_quoted:
            assert json.loads(text) == licence.fields
    older = [data_fields_text(licence) for licence in licences if licence.single_quoted]
    assert 0.05 < len(older) / len(licences) < 0.15
    assert any("\\'" in text for text in older)
    assert any('"' in text for text in older)


def test_either_spouse_finds_the_one_marriage_certificate() -> None:
    first, second = (RECORDS.licences(person.number, MARRIAGE) for person in PEOPLE[2:4])
    assert first == second
    assert first[0].head["holder_identity_num"].count(",") == 1


def test_a_code_serves_once(city: City) -> None:
    [code] = city.g1("auth", auth(DRIVING, PEOPLE[0].number))["auth_codes"]
    assert city.licence(code)["ack_code"] == "SUCCESS"
    assert refused(city.licence(code)) == "40002"
    assert refused(city.licence("0" * 32)) == "40001"
    assert refused(city.licence("")) == "20001"


def test_several_licences_come_in_pages(city: City) -> None:
    number = next(person.number for person in PEOPLE if len(RECORDS.licences(person.number, DRIVING)) > 1)
    pages = [city.g1("auth", auth(DRIVING, number, page_index=page, page_size=1)) for page in (1, 2, 3)]
    assert [page["total_count"] for page in pages] == [2, 2, 2]
    assert [len(page["data"]) for page in pages] == [1, 1, 0]
    assert [row["id_code"] for page in pages for row in page["data"]] == [
        licence.head["id_code"] for licence in RECORDS.licences(number, DRIVING)
    ]


@pytest.mark.parametrize(
    "question",
    [
        auth(DRIVING, PEOPLE[12].number),
        auth(MARRIAGE, PEOPLE[12].number),
        auth(BUSINESS, COMPANIES[12].code),
        auth(DRIVING, COMPANIES[0].code),
        auth(DRIVING, PEOPLE[0].number, holder_name="别人"),
        auth(DRIVING, "440106188609011240"),
    ],
    ids=["unknown-driver", "unknown-spouse", "unknown-company", "company-as-driver", "other-name", "nobody"],
)
def test_no_such_licence_is_a_success_with_nothing_in_it(city: City, question: dict[str, Any]) -> None:
    answer = city.g1("auth", question)
    assert (answer["ack_code"], answer["total_count"], answer["auth_codes"], answer["data"]) == ("SUCCESS", 0, [], [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"biz_num": ""}, "20001"),
        ({"operator": {}}, "20001"),
        ({"page_index": None}, "20001"),
        ({"identity_number": "123"}, "20002"),
        ({"identity_number": ["440106188609011248"]}, "20002"),
        ({"page_size": "50"}, "20002"),
        ({"license_item_code": "11100000M00000035K101"}, "20003"),
        ({"page_size": 151}, "20005"),
        ({"page_index": 0}, "20005"),
        ({"operator": auth(BUSINESS, "")["operator"] | {"service_org_code": COMPANIES[0].code}}, "30001"),
    ],
)
def test_a_wrong_question_is_refused_in_the_platforms_way(city: City, change: dict[str, Any], code: str) -> None:
    assert refused(city.g1("auth", auth(BUSINESS, COMPANIES[0].code) | change)) == code


def test_a_request_id_serves_once(city: City) -> None:
    question = auth(DRIVING, PEOPLE[0].number)
    assert city.g1("auth", question)["correlation_id"] == question["request_id"]
    assert refused(city.g1("auth", question)) == "20004"


def test_a_wrong_log_in_is_refused(city: City) -> None:
    def login(**change: str) -> str:
        return refused(city.json("POST", f"{G1}/security/login", json=SECRETS["g1"] | change))

    assert login(password="another") == "10001"
    assert login(org_code="") == "20001"
    city.token = "nobody's"
    assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10002"


def test_a_token_expires(files: dict[str, Path]) -> None:
    for short_lived in connected(files, "--token-life", "0", "--people", "20", "--companies", "20"):
        short_lived.login()
        assert refused(short_lived.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10003"


def test_an_unknown_path_of_the_platform_is_not_found(city: City) -> None:
    status, body = city.call("GET", f"{G1}/license/nothing")
    assert (status, refused(json.loads(body))) == (404, "20006")


def refused(answer: dict[str, Any]) -> str:
    """The one error code of a FAILURE."""
    assert (answer["ack_code"], answer["data"], answer["total_count"]) == ("FAILURE", None, 0)
    [error] = answer["errors"]
    return str(error["code"])


@pytest.mark.parametrize("index", range(10))
def test_a_certificate_is_the_record(city: City, index: int) -> None:
    number = PEOPLE[index].number
    assert city.g2(SI, si(index)) == fine(RECORDS.insurance_proof(number, "202301", "202412"))
    assert city.g2(TAX, tax(index)) == fine(RECORDS.income_tax_statement(number, "2023-01", "2024-12"))
    home = RECORDS.housing_record(number)
    assert (home is not None) == (index < 5)
    assert city.g2(HOUSE, house(index)) == (fine(home) if home else none_such())


def fine(record: dict[str, Any] | None) -> dict[str, Any]:
    """The envelope round one record."""
    assert record is not None
    return {"errcode": 0, "errmsg": "ok", "data": [record]}


def none_such() -> dict[str, Any]:
    """How housing and tax say that there is no such record."""
    return {"errcode": 4004, "errmsg": "查无记录", "data": None}


@pytest.mark.parametrize("change", [{"fphm": "2" * 20}, {"kprq": "20230101"}, {"xsfmc": "别人"}, {"xsfsbh": PEOPLE[0].number}])
def test_an_invoice_is_found_by_number_and_day_together(city: City, change: dict[str, Any]) -> None:
    assert city.g2(INVOICE, check(0)) == fine(RECORDS.checked_invoice(COMPANIES[0].code))
    assert city.g2(INVOICE, check(0) | change) == {"errcode": 0, "errmsg": "ok", "data": []}


def test_a_full_history_has_every_month_and_kind_once(city: City) -> None:
    [proof] = city.g2(SI, si(0))["data"]
    months = [f"{year}{month:02d}" for year in (2023, 2024) for month in range(1, 13)]
    assert [(row["aae003"], row["aae140"]) for row in proof["list"]] == list(itertools.product(months, ("110", "210", "410")))


def test_months_outside_the_question_are_left_out(city: City) -> None:
    [proof] = city.g2(SI, si(0, "202411", "202502"))["data"]
    assert {row["aae003"] for row in proof["list"]} == {"202411", "202412"}
    [statement] = city.g2(TAX, tax(0, "2022-01", "2022-12"))["data"]
    assert (statement["mxlb"], statement["srehj"], statement["yjsehj"]) == ([], 0, 0)


def test_each_bureau_has_its_own_words_for_no_such_record(city: City) -> None:
    for index, more in ((12, {}), (0, {"aac003": "别人"})):
        assert city.g2(SI, si(index, **more)) == {"errcode": 0, "errmsg": "ok", "data": []}
    for index, more in ((12, {}), (5, {}), (0, {"qlrmc": "别人"})):
        assert city.g2(HOUSE, house(index, **more)) == none_such()
    for index, more in ((12, {}), (0, {"xm": "别人"})):
        assert city.g2(TAX, tax(index, **more)) == none_such()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aac003": ""}, 4000),
        ({"ywxx": {**YWXX, "bjbh": ""}}, 4000),
        ({"ywxx": "none"}, 4000),
        ({"aac058": "02"}, 4001),
        ({"aac002": "1234"}, 4001),
        ({"aae041": "2023-01"}, 4001),
        ({"aae041": "202313"}, 4001),
        ({"aae041": "202412", "aae042": "202411"}, 4001),
        ({"aae041": "201501", "aae042": "202412"}, 4001),
        ({"ywxx": {**YWXX, "sqjg": COMPANIES[0].code}}, 4003),
    ],
)
def test_a_wrong_question_is_refused_in_the_gateways_way(city: City, change: dict[str, Any], code: int) -> None:
    assert city.g2(SI, si(0) | change)["errcode"] == code


def test_the_published_vector_is_the_signature() -> None:
    expected = "1ccd4cba6d7e967f941117a5dfe59a021f6c219ce37e43b5f01790cf0ab21058"
    assert signed(1_700_000_000, "123456789abcdefg")["x-tif-signature"] == expected


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (lambda: signed() | {"x-tif-nonce": ""}, 4014),
        (lambda: signed() | {"x-tif-timestamp": "now"}, 4014),
        (lambda: signed(token="another"), 4011),
        (lambda: signed() | {"x-tif-paasid": "another"}, 4011),
        (lambda: signed() | {"x-tif-signature": signed()["x-tif-signature"].upper()}, 4011),
        (lambda: signed(clock() - 320), 4012),
        (lambda: signed(clock() + 320), 4012),
        (lambda: signed(clock() - 280), 0),
        (lambda: signed(clock() + 280), 0),
    ],
)
def test_signature_and_clock_are_checked(city: City, headers: Any, code: int) -> None:
    assert city.json("POST", HOUSE, json=house(0), headers=headers())["errcode"] == code


def test_a_nonce_serves_once(city: City) -> None:
    headers = signed()
    assert [city.json("POST", HOUSE, json=house(0), headers=headers)["errcode"] for _ in range(2)] == [0, 4013]


def test_an_unknown_service_is_refused(city: City) -> None:
    assert city.g2("/ebus/gzrs/si/nothing", {})["errcode"] == 4040


def test_a_city_whose_clock_is_off_refuses_everybody(files: dict[str, Path]) -> None:
    for late in connected(files, "--clock-offset", "-400", "--people", "20", "--companies", "20"):
        assert late.g2(HOUSE, house(0))["errcode"] == 4012


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_malformed(city: City, body: bytes) -> None:
    assert city.json("POST", HOUSE, data=body, headers=signed())["errcode"] == 4001
    answer = city.json("POST", f"{G1}/license/auth", params={"access_token": city.token}, data=body)
    assert refused(answer) == "20002"


@pytest.mark.parametrize(("fault", "code"), [("unknown_status", 7777), ("expired_token", 4015), ("busy", 5003)])
def test_g2_shows_the_faults_of_its_codes_once(city: City, fault: str, code: int) -> None:
    city.arm("g2", fault)
    assert [city.g2(HOUSE, house(0))["errcode"] for _ in range(2)] == [code, 0]


def test_g1_shows_the_faults_of_its_codes(city: City) -> None:
    for fault, code in (("unknown_status", "77777"), ("busy", "50001"), ("expired_token", "10003")):
        city.arm("g1", fault)
        assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == code
    assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10003"
    city.login()
    assert city.g1("auth", auth(DRIVING, PEOPLE[0].number))["ack_code"] == "SUCCESS"


@pytest.mark.parametrize(("path", "question", "number"), [(SI, si, "aac002"), (HOUSE, house, "qlrzjh"), (TAX, tax, "zjhm")])
def test_g2_shows_faults_in_the_shape_of_a_record(city: City, path: str, question: Any, number: str) -> None:
    [true] = city.g2(path, question(0))["data"]

    def spoilt(fault: str) -> list[dict[str, Any]]:
        city.arm("g2", fault)
        return list(city.g2(path, question(0))["data"])

    assert len(set(true) - set(spoilt("missing_field")[0])) == 1
    for fault in ("unknown_code", "bad_date"):
        [record] = spoilt(fault)
        assert len([key for key in true if true[key] != record[key]]) == 1
    assert [record[number] == true[number] for record in spoilt("two_holders")] == [True, False]
    assert [record[number] == true[number] for record in spoilt("other_holder")] == [False]
    assert city.g2(path, question(0))["data"] == [true]


@pytest.mark.parametrize("item", CATALOGUE)
def test_g1_shows_faults_in_the_shape_of_a_record(city: City, item: str) -> None:
    number = holder_of(item, 0)
    [true] = RECORDS.licences(number, item)

    def spoilt(fault: str) -> dict[str, Any]:
        city.arm("g1", fault)
        [code] = city.g1("auth", auth(item, number))["auth_codes"]
        return dict(city.licence(code)["data"])

    assert len(set(true.fields) - set(json.loads(spoilt("missing_field")["data_fields"]))) == 1
    for fault in ("unknown_code", "bad_date"):
        fields = json.loads(spoilt(fault)["data_fields"])
        assert len([key for key in true.fields if true.fields[key] != fields[key]]) == 1
    assert not set(spoilt("other_holder")["holder_identity_num"].split(",")) & {number}
    city.arm("g1", "two_holders")
    rows = city.g1("auth", auth(item, number))["data"]
    assert [number in row["holder_identity_num"] for row in rows] == [True, False]


def test_the_tape_shows_what_was_asked_and_answered(city: City) -> None:
    before = city.json("GET", "/_simulator/tape")["entries"][-1]["seq"]
    city.g2(HOUSE, house(0))
    [entry] = city.json("GET", "/_simulator/tape", params={"after": before})["entries"]
    assert (entry["seq"], entry["interface"], entry["operation"], entry["fault"]) == (before + 1, "g2", "house", None)
    assert json.loads(entry["request"]["body"]) == house(0)
    assert json.loads(entry["response"]["body"]) == fine(RECORDS.housing_record(PEOPLE[0].number))


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
def test_it_ends_in_order(files: dict[str, Path], end: str) -> None:
    with start(files, "--people", "20", "--companies", "20") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[end])
        assert process.wait(timeout=10) == 0


def test_the_page_shows_what_the_city_answers(city: City) -> None:
    page = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]
    page = page[: next(place for place, block in enumerate(page) if "request" in block)]
    (login, logged_in), page = page[:2], page[2:]
    (asked, found, none, fetched, *others), page = page[:6], page[6:]
    (filed,) = (each for each in others if "file_data" in each)
    assert login == SECRETS["g1"]
    assert steady(city.json("POST", f"{G1}/security/login", json=login)) == steady(logged_in)
    answer = city.g1("auth", asked)
    assert steady(answer) == steady(found)
    assert steady(city.licence(answer["auth_codes"][0])) == steady(fetched)
    code = city.g1("auth", asked | {"request_id": "of-the-file"})["auth_codes"][0]
    archived = city.json(
        "GET", f"{G1}/license/archive", params={"auth_code": code, "file_type": "pdf", "access_token": city.token}
    )
    assert archived["file_data"].startswith(filed["file_data"].removesuffix("..."))
    assert steady(archived | {"file_data": ""}) == steady(filed | {"file_data": ""})
    assert steady(city.g1("auth", auth(DRIVING, PEOPLE[12].number))) == steady(none)
    nobody = PEOPLE[12].number
    deposits = {"zjlx": "01", "zjhm": nobody, "ksny": "202401", "jsny": "202402", "ywxx": YWXX}
    fines = {"sfzmmc": "A", "sfzmhm": nobody, "qsny": "2024-01", "jzny": "2024-02", "ywxx": YWXX}
    unknown = (SI, si(12)), (HOUSE, house(12)), (TAX, tax(12)), (MEDICAL, medical(12)), (FUND, deposits), (FINES, fines)
    paid = {"nsrlx": "1", "nsrsbh": nobody, "ssqq": "2024-01", "ssqz": "2024-02", "ywxx": YWXX}
    vehicles = {"zjlx": "201", "zjhm": nobody, "qsny": "202401", "jzny": "202402", "ywxx": YWXX}
    unknown = (*unknown, (PAID, paid), (INVOICE, check(12)), (VEHICLES, vehicles))
    for (path, unasked), (question, record, nothing) in zip(
        unknown, zip(page[::3], page[1::3], page[2::3], strict=True), strict=True
    ):
        assert city.g2(path, question) == record
        assert city.g2(path, unasked) == nothing


def steady(value: Any) -> Any:
    """`value` without what is new with every answer."""
    new = {"timestamp", "response_id", "access_token", "auth_code", "auth_codes", "correlation_id"}
    if isinstance(value, dict):
        return {key: steady(part) for key, part in value.items() if key not in new}
    return [steady(part) for part in value] if isinstance(value, list) else value
