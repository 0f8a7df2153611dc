"""An interface as a YAML file -> gateway.model.interface.Interface: a family, its knobs, and nothing that is programmed.

Laws: each family has the keys that it needs and refuses the others; names that get in each other's way, and values that nobody gives,
are told with their place; which credentials an interface takes follows from what it uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from gateway.config.document import Document
from gateway.config.interface_checks import credentials, interface_problems
from gateway.config.interface_envelopes import Charsets, SealSection, SoapSection, XmlInJsonSection
from gateway.config.interface_http import (
    AnswerSection,
    LoginSection,
    OperationName,
    OperationSection,
    RequestSection,
    SignatureSection,
)
from gateway.config.interface_tables import TablesOperation
from gateway.config.problem import ConfigError
from gateway.config.shape import Section, shape, unknown
from gateway.config.words import Connector, Frozen
from gateway.model.interface import Family, Filling, HttpSpec, Interface, Origin, SealSpec, SoapSpec, XmlInJsonSpec

_DATABASE: Final = frozenset({"account", "password"})


class _Interface(Section):
    interface: Connector = Field(description="its name, <city>.<interface>, by which tables and gateway.yaml name it")


class _HttpInterface(_Interface):
    charset: Charsets = Field(default="utf-8", description="of both directions")
    request: RequestSection = Field(
        default_factory=RequestSection,
        description="how a question is written, {method, written, question, parts, headers, query}",
    )
    answer: AnswerSection = Field(description="how an answer is read, {levels, records, ...}")
    operations: Annotated[Mapping[OperationName, OperationSection], Field(min_length=1), Frozen] = Field(
        description="what can be asked, by name, {path, parts, answer}"
    )
    signature: SignatureSection | None = Field(default=None, description="how each request is signed")
    login: LoginSection | None = Field(default=None, description="how a token is fetched")


class SignedRest(_HttpInterface):
    """REST, each request signed."""

    family: Literal["signed-rest"] = Field(description="how it is spoken with")
    signature: SignatureSection = Field(description="how each request is signed, {digest, parts, headers, ...}")


class TokenRest(_HttpInterface):
    """REST behind a log-in."""

    family: Literal["token-rest"] = Field(description="how it is spoken with")
    login: LoginSection = Field(description="how a token is fetched, {path, request, levels, token, life, ...}")


class SoapInterface(_HttpInterface):
    """SOAP 1.1 with an XML string."""

    family: Literal["soap"] = Field(description="how it is spoken with")
    envelope: SoapSection = Field(description="what stands around question and answer, {namespace, parameter, value, ...}")


class XmlInJsonInterface(_HttpInterface):
    """REST whose answer is XML in a JSON text."""

    family: Literal["xml-in-json"] = Field(description="how it is spoken with")
    envelope: XmlInJsonSection = Field(description="what stands around the answer, {document, root, ...}")


class SealedInterface(_HttpInterface):
    """REST in encrypted envelopes."""

    family: Literal["sealed"] = Field(description="how it is spoken with")
    envelope: SealSection = Field(description="what stands around question and answer, {at, document, signature, ...}")


class TablesInterface(_Interface):
    """A front-end database."""

    family: Literal["tables"] = Field(description="how it is spoken with")
    operations: Annotated[Mapping[OperationName, TablesOperation], Field(min_length=1), Frozen] = Field(
        description="what can be asked, by name, {request, response}"
    )


_HttpFile = SignedRest | TokenRest | SoapInterface | XmlInJsonInterface | SealedInterface
_FAMILIES: Final[Mapping[str, type[_HttpFile | TablesInterface]]] = MappingProxyType(
    {
        Family.SIGNED_REST: SignedRest,
        Family.TOKEN_REST: TokenRest,
        Family.SOAP: SoapInterface,
        Family.XML_IN_JSON: XmlInJsonInterface,
        Family.SEALED: SealedInterface,
        Family.TABLES: TablesInterface,
    }
)


@dataclass(frozen=True, slots=True)
class InterfaceText:
    """An interface as read, and where."""

    document: Document
    interface: Interface


def read_interface(document: Document) -> InterfaceText:
    """The interface in the document. Raises ConfigError with every problem."""
    family = document.at(("family",))
    if not isinstance(family, str) or family not in _FAMILIES:
        told = (
            unknown("family", family, frozenset(_FAMILIES)) if isinstance(family, str) else ("the family is missing", _ADD_FAMILY)
        )
        raise ConfigError([document.problem(("family",), *told)])
    file = shape(document, _FAMILIES[family])
    if isinstance(file, TablesInterface):
        operations = {name: each.spec() for name, each in file.operations.items()}
        return InterfaceText(document, Interface(file.interface, Family.TABLES, _DATABASE, tables=MappingProxyType(operations)))
    spec = _spec(file)
    if problems := tuple(interface_problems(document, spec)):
        raise ConfigError(problems)
    return InterfaceText(document, Interface(file.interface, Family(file.family), credentials(spec), http=spec))


_ADD_FAMILY: Final = f"add `family:` with one of {', '.join(sorted(_FAMILIES))}"


def _spec(file: _HttpFile) -> HttpSpec:
    request = file.request.spec()
    wrapping: SoapSpec | XmlInJsonSpec | SealSpec | None = None
    if isinstance(file, SoapInterface):
        wrapping = file.envelope.spec(file.charset)
        # A form or a query would be refused, and is not overwritten.
        written = "xml" if request.written == "json" else request.written
        request = replace(request, written=written, headers={"SOAPAction": Filling(Origin.CONSTANT, '""'), **request.headers})
    elif isinstance(file, XmlInJsonInterface | SealedInterface):
        wrapping = file.envelope.spec()
    return HttpSpec(
        charset=file.charset,
        request=request,
        answer=file.answer.spec(),
        operations=MappingProxyType({name: each.spec() for name, each in file.operations.items()}),
        signature=file.signature.spec() if file.signature else None,
        login=file.login.spec() if file.login else None,
        wrapping=wrapping,
    )
