"""What stands around a question and an answer on the wire: nothing (JSON, a form), a SOAP envelope, a JSON text with XML in it, a seal.

Laws: pure; what carries an answer is read before what it carries, and says nothing about a holder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlencode

from adapters.configured.filling import Asking, fill_all
from adapters.configured.levels import FINE, Judgement, Step, judge
from adapters.connectors.charset import decoded
from adapters.connectors.json_body import expect, read_json_text, write_json
from adapters.connectors.nesting import Tree, follow, leaf_text, nest
from adapters.connectors.sealed import Sealer
from adapters.connectors.soap import Envelope
from adapters.connectors.verdict import invalid
from adapters.connectors.xml_text import check_carried, parse_xml, read_xml, write_xml
from gateway.model.interface import XmlInJsonSpec

_UTF_8: Final = "utf-8"
_Record = dict[str, object]


class Wrapping(Protocol):
    """One way."""

    @property
    def content(self) -> str:
        """The Content-Type, empty for no body."""
        ...

    def write(self, tree: Tree, asking: Asking, vector: bytes) -> bytes:
        """The body; `vector` is 16 bytes that were never used before."""
        ...

    def read(self, body: bytes, asking: Asking, where: str) -> tuple[_Record, Judgement]:
        """The document within the body, and what the levels around it said. Raises Refusal, blame COUNTERPARTY."""
        ...


@dataclass(frozen=True, slots=True)
class Bare:
    """A JSON body, in this charset; or, as a question, a form or nothing."""

    charset: str
    content: str

    def write(self, tree: Tree, asking: Asking, vector: bytes) -> bytes:  # noqa: ARG002 - nothing is sealed
        """JSON in UTF-8 unless the interface has another charset."""
        if not self.content:
            return b""
        if self.content.startswith("application/x-www-form-urlencoded"):
            return encoded(tree, self.charset).encode("ascii")
        return _json(tree, self.charset)

    def read(self, body: bytes, asking: Asking, where: str) -> tuple[_Record, Judgement]:  # noqa: ARG002
        """A JSON object."""
        return _object(body, self.charset, where), FINE


@dataclass(frozen=True, slots=True)
class Soap:
    """A SOAP envelope with one string in it that holds an XML document."""

    envelope: Envelope
    question_root: str
    answer_root: str
    content: str

    def write(self, tree: Tree, asking: Asking, vector: bytes) -> bytes:  # noqa: ARG002
        """Raises INVALID_REQUEST for a text that XML cannot carry."""
        return self.envelope.compose(asking.operation, write_xml({self.question_root: tree}))

    def read(self, body: bytes, asking: Asking, where: str) -> tuple[_Record, Judgement]:
        """The document's record."""
        root = self.envelope.open(asking.operation, body)
        if root.tag != self.answer_root:
            raise invalid(f"{where} document", "has another root element than the interface's")
        return read_xml(root, f"{where} document"), FINE


@dataclass(frozen=True, slots=True)
class XmlInJson:
    """JSON that carries an XML document as a text."""

    spec: XmlInJsonSpec
    charset: str
    levels: tuple[Step, ...]
    content: str

    def write(self, tree: Tree, asking: Asking, vector: bytes) -> bytes:  # noqa: ARG002
        """JSON, or, where the interface has it so, JSON around XML. Raises INVALID_REQUEST for a text that XML cannot carry."""
        if not self.spec.question:
            return _json(tree, self.charset)
        document = write_xml({self.spec.question_root: tree})
        check_carried(document, asking.operation)
        return _json(nest({**fill_all(self.spec.beside, asking), self.spec.question: document}), self.charset)

    def read(self, body: bytes, asking: Asking, where: str) -> tuple[_Record, Judgement]:  # noqa: ARG002
        """The document's record."""
        carrier = _object(body, self.charset, where)
        said = judge(self.levels, carrier, where)
        name = f"{where} {self.spec.document}"
        text = expect(follow(carrier, tuple(self.spec.document.split("."))), str, name)
        root = parse_xml(text, self.spec.known_as, name)
        if root.tag != self.spec.root:
            raise invalid(name, "has another root element than the interface's")
        return read_xml(root, name), said


@dataclass(frozen=True, slots=True)
class Sealed:
    """JSON that carries an encrypted and signed envelope with a JSON document."""

    sealer: Sealer = field(repr=False)
    at: tuple[str, ...]
    levels: tuple[Step, ...]
    content: str

    def write(self, tree: Tree, asking: Asking, vector: bytes) -> bytes:
        """A millisecond of SM2."""
        envelope: object = self.sealer.seal(write_json(tree), asking.stamp.moment, vector)
        for name in reversed(self.at):
            envelope = {name: envelope}
        return write_json(envelope)

    def read(self, body: bytes, asking: Asking, where: str) -> tuple[_Record, Judgement]:
        """The document's record. A millisecond of SM2."""
        carrier = _object(body, _UTF_8, where)
        said = judge(self.levels, carrier, where)
        envelope = expect(follow(carrier, self.at), dict[str, object], f"{where} envelope")
        document = self.sealer.open(envelope, asking.stamp.moment, f"{where} envelope")
        return _object(document, _UTF_8, f"{where} document"), said


def encoded(values: Mapping[str, object], charset: str) -> str:
    """Names and values as they stand in a query or a form."""
    pairs = [(name, leaf_text(value) if isinstance(value, str | int) else "") for name, value in values.items()]
    return urlencode(pairs, encoding=charset)


def _json(tree: Tree, charset: str) -> bytes:
    written = write_json(tree)
    return written if charset == _UTF_8 else written.decode(_UTF_8).encode(charset)


def _object(body: bytes, charset: str, where: str) -> _Record:
    return expect(read_json_text(decoded(body, charset, where), where), dict[str, object], where)
