"""Guangzhou's program on a real socket, and a client of it that asks as docs/interfaces/guangzhou.md says."""

import asyncio
import hashlib
import itertools
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from adapters.guangzhou.simulator.licences import BUSINESS, FOOD, SCHOOL
from adapters.guangzhou.simulator.records import Records
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
PAGE = Path(__file__).parents[4] / "docs" / "interfaces" / "guangzhou.md"
_numbers = itertools.count(1)


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


def holder_of(item: str, index: int) -> str:
    """The number of whoever may hold a licence of this item, at this place."""
    return COMPANIES[index].code if item in {BUSINESS, FOOD, SCHOOL} else PEOPLE[index].number


def refused(answer: dict[str, Any]) -> str:
    """The one error code of a FAILURE."""
    assert (answer["ack_code"], answer["data"], answer["total_count"]) == ("FAILURE", None, 0)
    [error] = answer["errors"]
    return str(error["code"])


def fine(record: dict[str, Any] | None) -> dict[str, Any]:
    """The envelope round one record."""
    assert record is not None
    return {"errcode": 0, "errmsg": "ok", "data": [record]}


def none_such() -> dict[str, Any]:
    """How housing and tax say that there is no such record."""
    return {"errcode": 4004, "errmsg": "查无记录", "data": None}
