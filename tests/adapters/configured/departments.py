"""A department that does legal aid, behind six interfaces: it has its own records and its own words, and knows nothing of the gateway.

Each interface reads what it is asked, checks what it is signed and logged in with by its own reckoning, and answers; `mood` has it answer
otherwise. Every person is synthetic.
"""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from lxml import etree

from adapters.guomi.forms import SignatureForm
from adapters.guomi.sm2 import PrivateKey, PublicKey
from adapters.guomi.sm4 import cbc_decrypt, cbc_encrypt
from adapters.simulation.identifiers import resident_number

FIRST = resident_number("440106", date(1890, 3, 5), 1)
SECOND = resident_number("440106", date(1891, 4, 6), 2)
NOBODY = resident_number("440106", date(1892, 5, 7), 3)
NAMES = {FIRST: "测试甲", SECOND: "测试𬭎", NOBODY: "测试丙"}
MARK = "LEAK-7f3a"
"""Stands in every answer that is none, so that a test sees whether a body is told."""

ACCOUNT, SECRET = "gateway", "a-secret"
TOKEN_KEY, FIELD_KEY, CIPHER_KEY, VECTOR = bytes(range(32)), bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
OURS, THEIRS = PrivateKey(bytes([1] * 32)), PrivateKey(bytes([2] * 32))
CREDENTIALS = {
    "account": ACCOUNT,
    "secret": SECRET,
    "password": "a password",
    "token_key": TOKEN_KEY.hex(),
    "field_key": FIELD_KEY.hex(),
    "cipher_key": CIPHER_KEY.hex(),
    "private_key": bytes([1] * 32).hex(),
    "platform_key": THEIRS.public.point.hex(),
}


def record(number: str) -> dict[str, Any]:
    """What the department holds of one person: two cases of the first, one of the second."""
    cases = [{"ajbh": f"FY{place}", "je": f"{place}00.50"} for place in range(1, 3 if number == FIRST else 2)]
    common = {"zmbh": f"ZM-{number[-4:]}", "jgmc": "广州市法律援助处（虚构）", "kjrq": "20250115", "zt": "1"}
    return {**common, "xm": NAMES[number], "sfzh": number, "ajmx": cases}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


def machine_time() -> datetime:
    """What a department goes by that runs beside the gateway."""
    return datetime.now(UTC)  # noqa: TID251  the city's own clock


@dataclass
class Department:
    """`mood`: "" for the truth, or `unknown`, `refused`, `later`, `garbage`, `silent`, `two`, `stale`, `failed`, `expired`."""

    family: str
    mood: str = ""
    asked: list[Asked] = field(default_factory=list)
    token: int = 0
    now: Callable[[], datetime] = machine_time

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """HTTP status and body."""
        self.asked.append(asked)
        if asked.target == "/":
            return 404, b""
        if self.mood == "failed":
            return 500, MARK.encode()
        if self.mood == "garbage":
            return 200, f"<html>{MARK} 乱</html>".encode("gb18030")
        return 200, FAMILIES[self.family](self, asked)

    def said(self, number: str, words: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
        """The code in the interface's own words, and the records."""
        if self.mood in words:
            return words[self.mood], []
        found = [record(number)] if number in {FIRST, SECOND} else []
        if self.mood == "two":
            found = [record(FIRST), record(SECOND)]
        return words["ok" if found or self.mood == "silent" else "none"], [] if self.mood == "silent" else found


def signed_rest(self: Department, asked: Asked) -> bytes:
    head = asked.headers
    text = "&".join([head["x-app"], head["x-time"], head["x-nonce"], asked.body.decode()])
    good = hmac.new(SECRET.encode(), text.encode(), "sm3").hexdigest().upper()
    if head["x-sign"] != good or asked.target != "/rest/aid/query" or len(head["x-time"]) != len("20250115000000"):
        return json.dumps({"code": 401}).encode()
    question = json.loads(asked.body)
    assert (question["head"]["version"], question["biz"]["jkmc"]) == (2, "aidRecord")
    words = {"ok": "00", "none": "04", "refused": "11", "unknown": "77"}
    code, rows = self.said(question["biz"]["sfzh"], words)
    data = {"ret": code, "list": rows, "total": len(rows)}
    if self.mood == "silent":
        del data["list"]
    moment = int(self.now().timestamp() * 1000) - (600_000 if self.mood == "stale" else 0)
    outer = 503 if self.mood == "later" else 200
    return json.dumps({"code": outer, "requestId": question["head"]["requestId"], "time": moment, "data": data}).encode()


def token_rest(self: Department, asked: Asked) -> bytes:
    if asked.target == "/oauth/token":
        told = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")
        if (told["client_id"], told["client_secret"], told["grant_type"]) != (ACCOUNT, SECRET, "client_credentials"):
            return b'{"code": "E1"}'
        self.token += 1
        padder = PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(TOKEN_KEY), modes.CBC(VECTOR)).encryptor()
        sealed = encryptor.update(padder.update(f"token-{self.token}".encode()) + padder.finalize()) + encryptor.finalize()
        return json.dumps({"code": "0", "access_token": b64encode(VECTOR + sealed).decode(), "expires_in": 30}).encode()
    if asked.headers["authorization"] != f"Bearer token-{self.token}" or (self.mood == "expired" and self.token == 1):
        return b'{"code": "E4"}'
    words = {"ok": "0", "none": "0", "refused": "E2", "later": "E3", "unknown": "E99"}
    code, rows = self.said(asked.query["sfzh"], words)
    hidden = [{**row, "xm": (VECTOR + cbc_encrypt(FIELD_KEY, VECTOR, row["xm"].encode())).hex()} for row in rows]
    return json.dumps({"code": code, **({} if self.mood == "silent" else {"rows": hidden})}).encode()


def soap(self: Department, asked: Asked) -> bytes:
    outer = etree.fromstring(_named(asked.body.decode("gb18030")))
    text = next(each.text or "" for each in outer.iter("xml"))
    question = etree.fromstring(_named(text))
    assert question.tag == "request"
    assert (question.findtext("head/account"), question.findtext("head/password")) == (ACCOUNT, SECRET)
    words = {"ok": "0", "none": "10", "refused": "11", "later": "99", "unknown": "1000"}
    code, rows = self.said(question.findtext("data/sfzh") or "", words)
    data = f"<data>{''.join(f'<record>{_xml(row)}</record>' for row in rows)}</data>" if rows else ""
    inner = f'<?xml version="1.0" encoding="gb2312"?><response><head><code>{code}</code></head>{data}</response>'
    body = f'<a:aidRecordResponse xmlns:a="urn:aid:guangzhou"><return>{escape(inner)}</return></a:aidRecordResponse>'
    soap_ = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{soap_}"><s:Body>{body}</s:Body></s:Envelope>'.encode("gb18030")


def xml_in_json(self: Department, asked: Asked) -> bytes:
    head = asked.headers
    text = head["x-time"] + SECRET + head["x-nonce"] + head["x-time"]
    if head["x-id"] != ACCOUNT or head["x-sign"] != hashlib.sha256(text.encode()).hexdigest():
        return b'{"errcode": 4011}'
    told = json.loads(asked.body)["request"]
    assert told["type"] == "XmlString"
    words = {"ok": "00", "none": "00", "refused": "02", "unknown": "03"}
    code, rows = self.said(etree.fromstring(told["value"]).findtext("sfzh") or "", words)
    listed = f"<list>{''.join(f'<record>{_xml(row)}</record>' for row in rows)}</list>"
    inner = f"<result><resultCode>{code}</resultCode>{'' if self.mood == 'silent' else listed}</result>"
    outer = 500 if self.mood == "later" else 200
    return json.dumps({"response": {"errorCode": outer, "value": inner}}).encode()


def sealed(self: Department, asked: Asked) -> bytes:
    if self.mood == "later":
        return b'{"code": "5000"}'
    question = json.loads(_opened(json.loads(asked.body)["data"]))
    assert question["infno"] == "AID01"
    words = {"ok": "0000", "none": "2404", "refused": "2400", "unknown": "9"}
    code, rows = self.said(question["input"]["sfzh"], words)
    output = [{**row, "ajmx": json.dumps(row["ajmx"])} for row in rows]
    msgid = "0" * 32 if self.mood == "stale" else question["msgid"]
    document = json.dumps({"ret": code, "msgid": msgid, "output": output[0] if len(output) == 1 else output or None})
    return json.dumps({"code": "0", "data": sealed_document(document.encode(), self.now())}).encode()


FAMILIES: dict[str, Callable[[Department, Asked], bytes]] = {
    "signed-rest": signed_rest,
    "token-rest": token_rest,
    "soap": soap,
    "xml-in-json": xml_in_json,
    "sealed": sealed,
}


def _named(text: str) -> str:
    """Without the declaration, for the charset is known."""
    return text[text.index("?>") + 2 :]


def _xml(row: dict[str, Any]) -> str:
    parts = [(name, value) for name, value in row.items() if name != "ajmx"]
    cases = [f"<ajmx>{''.join(f'<{name}>{value}</{name}>' for name, value in case.items())}</ajmx>" for case in row["ajmx"]]
    return "".join([f"<{name}>{escape(value)}</{name}>" for name, value in parts] + cases)


def _signed(envelope: dict[str, Any]) -> bytes:
    members = {
        "version": envelope["version"],
        "algorithm": envelope["algorithm"],
        "appId": envelope["appId"],
        "time": envelope["time"],
    }
    members["text"] = envelope["cipher"]["text"]
    return "&".join(f"{name}={members[name]}" for name in sorted(members)).encode()


def _opened(envelope: dict[str, Any]) -> bytes:
    PublicKey(OURS.public.point).verify(_signed(envelope), b64decode(envelope["sign"]), SignatureForm.RAW)
    text = b64decode(envelope["cipher"]["text"])
    return cbc_decrypt(CIPHER_KEY, text[:16], text[16:])


def sealed_document(document: bytes, moment: datetime) -> dict[str, Any]:
    now = str(int(moment.timestamp() * 1000))
    text = b64encode(VECTOR + cbc_encrypt(CIPHER_KEY, VECTOR, document)).decode()
    envelope: dict[str, Any] = {"version": "2.0", "algorithm": "SM4-CBC", "appId": ACCOUNT, "time": now, "cipher": {"text": text}}
    return {**envelope, "sign": b64encode(THEIRS.sign(_signed(envelope), SignatureForm.RAW)).decode()}
