"""Interfaces of this folder's files, compiled, without a configuration around them."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from adapters.configured.dialect import ConfiguredDialect, dialect
from adapters.connectors.message import HttpRequest, HttpResponse
from adapters.connectors.signing import Stamp
from gateway.config.document import read_document
from gateway.config.interface_file import read_interface
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.interface import Interface
from tests.adapters.configured.departments import CREDENTIALS, FIRST, VECTOR, Asked, Department

WRITTEN = Path(__file__).parent / "written"
STAMP = Stamp(datetime.now(UTC), "0123456789abcdef" * 2)  # noqa: TID251  whatever it is, the department goes by it too
REQUEST = CityRequest("guangzhou.aid", "aidRecord", {"sfzh": FIRST, "xm": "测试甲", "sxbm": "1"})


def described(text: str) -> Interface:
    """The interface of a file with this text."""
    return read_interface(read_document("interface.yaml", text.encode())).interface


def written(family: str) -> str:
    """The text of this folder's file."""
    return (WRITTEN / f"{family}.yaml").read_text(encoding="utf-8")


@cache
def compiled(text: str) -> ConfiguredDialect:
    """The dialect of an interface over HTTP."""
    interface = described(text)
    assert interface.http
    return dialect(interface.name, interface.http, {name: CREDENTIALS[name] for name in interface.credentials})


def composed(dialect_: ConfiguredDialect, request: CityRequest = REQUEST) -> HttpRequest:
    """The question on the wire."""
    return dialect_.compose(request, STAMP, "token-0", VECTOR)


def read(dialect_: ConfiguredDialect, body: bytes, status: int = 200) -> CityAnswer:
    """What the dialect makes of these bytes."""
    return dialect_.read(REQUEST, STAMP, HttpResponse(status, {}, body))


def answered(family: str, number: str = FIRST, mood: str = "") -> bytes:
    """What the department answers."""
    asked = composed(compiled(written(family)), replace(REQUEST, values={**REQUEST.values, "sfzh": number}))
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return Department(family, mood, now=lambda: STAMP.moment).answer(Asked(asked.method, asked.path, headers, asked.body))[1]
