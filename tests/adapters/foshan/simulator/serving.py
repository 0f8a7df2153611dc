"""Foshan's simulator in a process of its own, and a client of it that writes and reads by the page."""

import asyncio
import base64
import contextlib
import hmac
import itertools
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from lxml import etree

from adapters.foshan.simulator import numbers
from adapters.foshan.simulator.licences import (
    DRIVING_LICENCE,
    Licence,
)
from adapters.foshan.simulator.records import Register
from adapters.guomi.sm2 import PrivateKey

ROOT = Path(__file__).parents[4]
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
        self.process.communicate(timeout=60)
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


DRIVER = by_holder(DRIVING_LICENCE, REGISTER.people[0].number)
WRONG_CHECK = DRIVER["holderCode"][:-1] + ("0" if DRIVER["holderCode"][-1] != "0" else "1")


def question(path: str, number: str, **more: Any) -> dict[str, Any]:
    asked: dict[str, dict[str, Any]] = {
        INSURED: {"idNo": number, "beginMonth": "202311", "endMonth": "202402"},
        HOUSES: {"zjhm": number},
        TAX: {"NSRSBH": number, "SSQQ": "2023-11", "SSQZ": "2024-02"},
    }
    return asked[path] | {"yysm": USE} | more
