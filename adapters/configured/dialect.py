"""The dialect of an interface over HTTP that is described and not programmed.

Laws: pure; time, chance and the token come in; what a table asks goes where the description says, and nowhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from adapters.configured import ciphers
from adapters.configured.filling import Asking, check_head, fill_all, fill_texts, grow
from adapters.configured.levels import steps
from adapters.configured.login import Login, login
from adapters.configured.reading import Reader, reader
from adapters.configured.wrapping import Bare, Sealed, Soap, Wrapping, XmlInJson, encoded
from adapters.connectors.lease import Lease
from adapters.connectors.message import HttpRequest, HttpResponse, accepted_body
from adapters.connectors.nesting import Tree
from adapters.connectors.sealed import Sealer, SealForm
from adapters.connectors.signing import Digest, Part, Scheme, Signer, Spelling, Stamp, signed_headers
from adapters.connectors.soap import Envelope
from adapters.guomi.sm2 import PrivateKey, PublicKey
from gateway.model.city import CityAnswer, CityRequest
from gateway.model.interface import (
    AnswerSpec,
    Cipher,
    Filling,
    HttpSpec,
    Origin,
    RequestSpec,
    SealSpec,
    SignatureSpec,
    SoapSpec,
    XmlInJsonSpec,
)

_CONTENT: Final[Mapping[str, str]] = MappingProxyType(
    {"json": "application/json; charset={}", "form": "application/x-www-form-urlencoded; charset={}", "query": ""}
)
_QUERY: Final = "query"
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class ConfiguredDialect:
    """One interface, for one account of it. One that is `slow` takes a millisecond, so that it belongs into a thread."""

    system: str
    spec: HttpSpec
    credentials: Mapping[str, str] = field(repr=False)
    wrapping: Wrapping
    readers: Mapping[str, Reader]
    scheme: Scheme | None
    login: Login | None
    slow: bool

    def compose(self, request: CityRequest, stamp: Stamp, token: str, vector: bytes) -> HttpRequest:
        """The question on the wire. Raises INVALID_REQUEST for a text that XML cannot carry."""
        operation = self.spec.operations.get(request.operation)
        if operation is None:
            raise RuntimeError(f"{self.system} has no such operation")
        asking = Asking(request.operation, stamp, self.credentials, token)
        parts = fill_all({**self.spec.request.parts, **operation.parts}, asking)
        tree = grow(parts, self.spec.request.question, request.values)
        return self._request(operation.path, self.spec.request, asking, tree, wrapping=self.wrapping, vector=vector)

    def read(self, request: CityRequest, stamp: Stamp, response: HttpResponse) -> CityAnswer:
        """What the city said to the question of this stamp. Raises Refusal, blame COUNTERPARTY; TokenExpiredError among them."""
        where = f"{self.system} {request.operation}"
        asking = Asking(request.operation, stamp, self.credentials)
        tree, around = self.wrapping.read(accepted_body(response, where), asking, where)
        return self.readers[request.operation].read(tree, asking, around, where)

    def compose_login(self, stamp: Stamp) -> HttpRequest:
        """The request for a token."""
        spec = self._login().spec
        asking = Asking("login", stamp, self.credentials)
        bare = Bare(self.spec.charset, _CONTENT[spec.request.written].format(self.spec.charset))
        tree = grow(fill_all(spec.request.parts, asking), "", {})
        return self._request(spec.path, spec.request, asking, tree, wrapping=bare, signed=spec.signed)

    def read_login(self, response: HttpResponse, asked: datetime) -> Lease:
        """The token. Raises Refusal, blame COUNTERPARTY."""
        return self._login().read(response, asked)

    def _login(self) -> Login:
        if self.login is None:
            raise RuntimeError(f"{self.system} has no log-in")
        return self.login

    def _request(
        self,
        path: str,
        spec: RequestSpec,
        asking: Asking,
        tree: Tree,
        *,
        wrapping: Wrapping,
        vector: bytes = b"",
        signed: bool = True,
    ) -> HttpRequest:
        body = wrapping.write(tree, asking, vector)
        in_address = {**fill_all(spec.query, asking), **(tree if spec.written == _QUERY else {})}
        headers = {**({"Content-Type": wrapping.content} if wrapping.content else {}), **fill_texts(spec.headers, asking)}
        if signed and self.scheme is not None and self.spec.signature is not None:
            by_token = self.spec.signature.by_token and asking.token
            secret = asking.token if by_token else self.credentials["secret"]
            headers |= signed_headers(self.scheme, Signer(self.credentials["account"], secret), asking.stamp, body)
        query = f"?{encoded(in_address, self.spec.charset)}" if in_address else ""
        return HttpRequest(spec.method, path + query, headers, body)


def dialect(system: str, spec: HttpSpec, credentials: Mapping[str, str]) -> ConfiguredDialect:
    """The description, compiled. Raises ValueError for credentials that do not serve."""
    check_head(_in_heads(spec), credentials, system)
    xml = isinstance(spec.wrapping, SoapSpec | XmlInJsonSpec)
    readers = {
        name: reader(operation.answer or spec.answer, credentials, system, xml=xml) for name, operation in spec.operations.items()
    }
    return ConfiguredDialect(
        system=system,
        spec=spec,
        credentials=credentials,
        wrapping=_wrapping(system, spec, credentials),
        readers=MappingProxyType(readers),
        scheme=_scheme(spec.signature) if spec.signature else None,
        login=login(spec.login, credentials, system, spec.charset) if spec.login else None,
        slow=isinstance(spec.wrapping, SealSpec) or any(each.algorithm in ciphers.SLOW for each in _ciphers(spec)),
    )


def _ciphers(spec: HttpSpec) -> list[Cipher]:
    answers: list[AnswerSpec] = [spec.answer, *(each.answer for each in spec.operations.values() if each.answer)]
    return [cipher for answer in answers for cipher in (answer.encrypted or {}).values()]


def _in_heads(spec: HttpSpec) -> list[Filling]:
    requests = [spec.request, *([spec.login.request] if spec.login else [])]
    account = [Filling(Origin.CREDENTIAL, "account")] if spec.signature else []
    return [*account, *(filling for each in requests for filling in each.headers.values())]


def _scheme(spec: SignatureSpec) -> Scheme:
    travelling = {Part(name): header for name, header in spec.headers.items() if name != "signature"}
    return Scheme(
        headers=MappingProxyType(travelling),
        signature_header=spec.headers["signature"],
        parts=tuple(Part(name) for name in spec.parts),
        digest=Digest(spec.digest),
        spelling=Spelling(spec.spelling),
        unit=spec.clock,
        separator=spec.separator,
    )


def _wrapping(system: str, spec: HttpSpec, credentials: Mapping[str, str]) -> Wrapping:
    json = _CONTENT["json"].format(spec.charset)
    match spec.wrapping:
        case SoapSpec():
            return _soap(system, spec.wrapping, spec.charset)
        case XmlInJsonSpec():
            return XmlInJson(spec.wrapping, spec.charset, steps(spec.wrapping.levels, innermost=False), json)
        case SealSpec():
            return _sealed(system, spec.wrapping, credentials, json)
    return Bare(spec.charset, _CONTENT[spec.request.written].format(spec.charset))


def _soap(system: str, spec: SoapSpec, charset: str) -> Soap:
    envelope = Envelope(system, spec.namespace, spec.parameter, spec.value, charset, spec.declared, spec.known_as)
    return Soap(envelope, spec.question_root, spec.answer_root, f"text/xml; charset={spec.declared}")


def _sealed(system: str, spec: SealSpec, credentials: Mapping[str, str], content: str) -> Sealed:
    def key(name: str, make: Callable[[bytes], _Key]) -> _Key:
        return ciphers.made(system, name, credentials[name], make)

    form = SealForm(
        document=tuple(spec.document.split(".")),
        signature=spec.signature,
        account=spec.account,
        moment=spec.moment,
        fixed=spec.fixed,
        spelling=Spelling(spec.spelling),
    )
    sealer = Sealer(
        app_code=credentials["account"],
        cipher_key=key("cipher_key", ciphers.sm4_key),
        own=key("private_key", PrivateKey),
        theirs=key("platform_key", PublicKey),
        skew=spec.skew,
        form=form,
    )
    return Sealed(sealer, tuple(spec.at.split(".")), steps(spec.levels, innermost=False), content)
