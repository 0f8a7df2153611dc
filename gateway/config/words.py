"""The forms of single values that the configuration is written in: durations, addresses, names, codes, dates.

Laws: a duration carries its unit; a name is never a wildcard; each fault says which form is asked for.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from types import MappingProxyType
from typing import Annotated, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints

from gateway.config.shape import fault
from gateway.config.wording import quoted
from gateway.model.identifiers import CreditCode, InvalidIdentifier, Standing, division
from gateway.model.retention import FLOOR, Retention

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_SECONDS: Final[Mapping[str, float]] = MappingProxyType({"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0})
_DURATION: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_ADDRESS: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})")
_SERVER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252}):([0-9]{1,5})")
_HIGHEST_PORT: Final = 65_535
_YEARS: Final = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def seconds(value: object) -> float:
    """A duration as it is written. Raises a fault."""
    if not isinstance(value, str) or (found := _DURATION.fullmatch(value)) is None:
        raise fault("must be a duration with its unit", 'write it as "500ms", "20s" or "2m"')
    lasts = float(found[1]) * _SECONDS[found[2]]
    if not lasts:
        raise fault("must be longer than nothing", 'write it as "500ms", "20s" or "2m"')
    return lasts


def _retention(value: object) -> Retention:
    try:
        retention = Retention.parse(value) if isinstance(value, str) else None
    except ValueError:
        retention = None
    if retention is None:
        raise fault("must be a time in years or months", 'write it as "3y" or "18mo"')
    if retention.months < FLOOR:
        raise fault(
            f"is shorter than {FLOOR} months, for which the Cybersecurity Law (art. 21) has the logs of a network kept",
            'write "6mo" or more; "3y" is what records of provided personal data need (Network Data Security Regulations art. 12)',
        )
    return retention


def _address(value: object) -> Address:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[3]) > _HIGHEST_PORT:
        raise fault("must be an address and a port", 'write it as "127.0.0.1:8443" or "[::1]:8443"')
    return Address(found[1] or found[2], int(found[3]))


def _reached(value: object) -> Address:
    found = _SERVER.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < int(found[2]) <= _HIGHEST_PORT:
        raise fault("must be a host name and a port", 'write it as "db-1.city.example:5432"')
    return Address(found[1], int(found[2]))


def _loopback(address: Address) -> Address:
    if not address.loopback:
        raise fault("must be an address of this machine only, for nobody has to log in there", 'write it as "127.0.0.1:9464"')
    return address


_REACHED: Final[Mapping[str, Callable[[SplitResult], bool]]] = MappingProxyType(
    {
        "https": lambda url: bool(url.hostname) and url.port != 0,
        "postgresql": lambda url: bool(url.hostname) and url.port != 0 and len(url.path) > 1,
        "sqlite": lambda url: not url.netloc and len(url.path) > 1,
    }
)
"""What a system's address must have, by scheme."""


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = _REACHED[parts.scheme](parts) if parts.scheme in _REACHED else False
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", text):
        raise fault(
            "must be an https URL",
            "write it as https://host:port, or for a front-end database as postgresql://host:port/database or sqlite:///path;"
            " personal data never goes over plain http",
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise fault("must be a host and a path only", "put whatever is secret under credentials")
    return text.removesuffix("/")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise fault("must be a day", f"write it as 2026-09-01, between the years {_YEARS[0]} and {_YEARS[-1]}")
    return day


def _region(text: str) -> str:
    if division.standing(text) not in {Standing.CURRENT, Standing.UNTABLED}:
        raise fault(
            f"{quoted(text)} is no division in force",
            'write its six digits of GB/T 2260 between quotes, such as "440100"',
        )
    return text


def _department(text: str) -> str:
    try:
        return CreditCode.parse(text).code
    except InvalidIdentifier as error:
        raise fault(f"must be a {error.what}", error.advice) from None


def _named(text: str) -> str:
    if "*" in text:
        raise fault("a wildcard is not allowed", "name each one; what is not named is refused")
    return text


def _line(text: str) -> str:
    if text != text.strip() or re.search(r"[\x00-\x1f\x7f]", text):
        raise fault("has spaces at its ends or control characters", "take them out")
    return text


def _form(pattern: str, what: str, advice: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise fault(f"must be {what}", advice)
        return text

    return AfterValidator(check)


def _frozen(mapping: Mapping[_Key, _Value]) -> Mapping[_Key, _Value]:
    return MappingProxyType(dict(mapping))


def _dated(check: Callable[[str], date]) -> BeforeValidator:
    def read(value: object) -> date:
        if not isinstance(value, str):
            raise fault("must be a day", "write it as 2026-09-01")
        return check(value)

    return BeforeValidator(read)


Frozen = AfterValidator(_frozen)
Text = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_line)]
Named = Annotated[Text, AfterValidator(_named)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_line)]
Duration = Annotated[float, BeforeValidator(seconds)]
Kept = Annotated[Retention, PlainValidator(_retention)]
Listening = Annotated[Address, PlainValidator(_address)]
Reached = Annotated[Address, PlainValidator(_reached)]
Loopback = Annotated[Address, PlainValidator(_address), AfterValidator(_loopback)]
Url = Annotated[str, AfterValidator(_url)]
Day = Annotated[date, _dated(_day)]
RegionCode = Annotated[str, AfterValidator(_region)]
Department = Annotated[str, AfterValidator(_department)]
LogName = Annotated[
    str,
    _form(
        r"[a-z0-9][a-z0-9.-]{0,99}(/[a-z0-9][a-z0-9.-]{0,49}){0,3}",
        "a log's name",
        "write it as a host name and a path in small letters, such as log.gateway.test/2026h2",
    ),
]
TrustDomain = Annotated[
    str,
    _form(r"[a-z0-9][a-z0-9._-]{0,254}", "a SPIFFE trust domain", "write it in small letters, such as guangzhou.test"),
]
SpiffeId = Annotated[
    str,
    _form(
        r"spiffe://[a-z0-9][a-z0-9._-]{0,254}(/[A-Za-z0-9._-]{1,64}){1,8}",
        "a SPIFFE name",
        "write it as it stands in the certificate, such as spiffe://guangzhou.test/administrator/audit-1",
    ),
]
SchemaName = Annotated[
    str, _form(r"[a-z_][a-z0-9_]{0,40}", "the name of a schema", "use a to z, 0 to 9 and _, and no digit first")
]
HostName = Annotated[str, _form(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", "a host name", "write it as city.example")]
Connector = Annotated[
    str,
    _form(
        r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_-]{0,39}",
        "an adapter's name",
        "write it as <city>.<interface>, such as guangzhou.g2",
    ),
]
Name = Annotated[
    str,
    _form(r"[a-z][a-z0-9_-]{0,63}", "a name in small letters", "use a to z, 0 to 9, _ and -, a letter first"),
]
AgreementId = Annotated[
    str,
    _form(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", "an agreement's name", "use letters, digits and . _ / -, a letter or digit first"),
]
Variable = Annotated[
    str,
    _form(r"[A-Za-z_][A-Za-z0-9_]{0,99}", "the name of an environment variable", "use letters, digits and _, without a $"),
]
CallerSystem = Annotated[
    str,
    _form(
        r"[a-z0-9][a-z0-9.-]{0,62}",
        "a system's name as its certificate has it",
        "use a to z, 0 to 9, . and -; a wildcard is not allowed, and leaving the key out means every system of the department",
    ),
]
EvidenceCode = Annotated[
    str,
    _form(r"[0-9A-Z]{21}", "a type code of GB/T 36903", "write its 21 digits and capital letters between quotes"),
]
