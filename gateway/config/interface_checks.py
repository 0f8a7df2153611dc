"""Holds an interface over HTTP against itself, and a table against the interface that it asks.

Laws: names that get in each other's way are a problem of the configuration, and never of a question; what nobody gives is not asked for;
a table asks only what the interface can carry.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from gateway.config.document import Document, Path, dotted
from gateway.config.interface_envelopes import XML_NAME
from gateway.config.problem import Problem
from gateway.config.shape import unknown
from gateway.config.wording import quoted
from gateway.model.interface import (
    AnswerSpec,
    Filling,
    HttpSpec,
    Interface,
    Level,
    Origin,
    RequestSpec,
    Says,
    SealSpec,
    SoapSpec,
    XmlInJsonSpec,
)
from gateway.model.rules import TableSpec

_SEAL: Final = frozenset({"account", "cipher_key", "private_key", "platform_key"})
_UTF_8: Final = "utf-8"
_Group = tuple[Path, Mapping[str, Filling]]
_Header = tuple[str, Path]


def credentials(spec: HttpSpec) -> frozenset[str]:
    """The names of those that an interface takes."""
    found = {str(each.value) for _, group in _groups(spec) for each in group.values() if each.origin is Origin.CREDENTIAL}
    found |= {cipher.key for _, answer in _answers(spec) for cipher in (answer.encrypted or {}).values()}
    if spec.login and spec.login.cipher:
        found.add(spec.login.cipher.key)
    if spec.signature:
        found.add("account")
        if not spec.signature.by_token or (spec.login and spec.login.signed):
            found.add("secret")
    return frozenset(found | _SEAL if isinstance(spec.wrapping, SealSpec) else found)


def interface_problems(document: Document, spec: HttpSpec) -> Iterator[Problem]:
    """Everything in the interface that cannot be. Pure."""
    yield from _tokens(document, spec)
    yield from _numbers(document, spec)
    yield from _clashes(document, spec)
    yield from _headers(document, spec)
    if spec.wrapping is not None and (spec.request.method != "POST" or spec.request.written in {"form", "query"}):
        yield document.problem(
            ("request",), "a question in an envelope is written as the envelope has it", "take out method and written"
        )
    if isinstance(spec.wrapping, SealSpec) and spec.charset != _UTF_8:
        yield document.problem(("charset",), "what is sealed is in UTF-8", "take the key out")
    if spec.login and spec.login.signed and spec.signature is None:
        yield document.problem(
            ("login", "signed"), "there is no `signature` to sign it by", "add `signature:`, or take the key out"
        )


def table_problems(document: Document, table: TableSpec, interface: Interface) -> Iterator[Problem]:
    """Everything in the table that this interface cannot carry. Pure."""
    if table.operation not in interface.operations:
        yield document.problem(("operation",), *unknown(f"operation of {interface.name}", table.operation, interface.operations))
        return
    for key, what in (("verify", "compares values"), ("files", "gives files"), ("presented", "takes a code that a holder shows")):
        if getattr(table, key):
            yield document.problem((key,), f"no interface that a file describes {what}", f"take out `{key}`", key=True)
    for name in table.ask:
        if told := _unfit(name, table.operation, interface):
            yield document.problem(("ask", name), *told, key=True)


def _unfit(name: str, operation: str, interface: Interface) -> tuple[str, str] | None:
    """Why the interface cannot carry a name of a question, and what to do."""
    if interface.tables is not None:
        columns = interface.tables[operation].asked
        return None if name in columns else unknown("column", name, columns)
    spec = interface.http
    if spec is None:
        return None
    if spec.request.written in {"form", "query"} and "." in name:
        return "a form and a query have no parts within parts", "write a name without a dot"
    if _is_xml(spec) and not all(XML_NAME.fullmatch(each) for each in name.split(".")):
        return "is no name that an element of XML can have", "use letters, digits, _ and -, a letter first"
    placed = f"{spec.request.question}.{name}" if spec.request.question else name
    if taken := [each for each in (*spec.request.parts, *spec.operations[operation].parts) if _meet(placed, each)]:
        return (
            f"stands where {interface.name} itself puts {quoted(taken[0])}",
            "rename one of them, or give the interface `question`",
        )
    return None


def _tokens(document: Document, spec: HttpSpec) -> Iterator[Problem]:
    """A token is given by a log-in, and to what is asked after it."""
    for at, group in _groups(spec):
        for name, each in group.items():
            if each.origin is Origin.TOKEN and (spec.login is None or at[0] == "login" or "echo" in at):
                yield document.problem((*at, name), "there is no token here", "only requests after a `login` have one")
    if spec.login is not None:
        return
    if spec.signature and spec.signature.by_token:
        yield document.problem(("signature", "by"), "there is no `login` that lends one", "add `login:`, or sign by the secret")
    for at, level in _levels(spec):
        for code, says in level.says.items():
            if says is Says.EXPIRED:
                yield document.problem((*at, "codes", code), "there is no `login` whose token could expire", "write refused")


def _numbers(document: Document, spec: HttpSpec) -> Iterator[Problem]:
    """In XML everything is text."""
    if not isinstance(spec.wrapping, SoapSpec | XmlInJsonSpec):
        return
    for place, answer in _answers(spec):
        for index, level in enumerate(answer.levels):
            if level.number:
                yield document.problem((*place, "levels", index, "kind"), "in XML a code is text", "take out `kind`")


def _headers(document: Document, spec: HttpSpec) -> Iterator[Problem]:
    """One header carries one thing; upper and lower case are one (RFC 9110, 5.1)."""
    roles = spec.signature.headers if spec.signature else {}
    signed = [(header, ("signature", "headers", role)) for role, header in roles.items()]
    yield from _twice(document, (), signed)
    requests: list[tuple[Path, RequestSpec, bool]] = [(("request",), spec.request, True)]
    if spec.login:
        requests.append((("login", "request"), spec.login.request, spec.login.signed))
    for at, request, is_signed in requests:
        own = [(name, (*at, "headers", name)) for name in request.headers]
        yield from _twice(document, signed if is_signed else (), own)


def _twice(document: Document, taken: Sequence[_Header], named: Sequence[_Header]) -> Iterator[Problem]:
    """A problem of each that has the header of one before it."""
    first = {header.lower(): at for header, at in reversed(taken)}
    for header, at in named:
        other = first.setdefault(header.lower(), at)
        if other != at:
            message = f"the header {quoted(header)} carries {dotted(other)} already"
            yield document.problem(at, message, "give each a header of its own", key=True)


def _clashes(document: Document, spec: HttpSpec) -> Iterator[Problem]:
    """Names that get in each other's way, or that an element cannot have."""
    question = [spec.request.question] if spec.request.question else []
    own: list[_Group] = [(("operations", name, "parts"), each.parts) for name, each in spec.operations.items()]
    for at, parts in own:
        for name in parts:
            if any(_meet(name, each) for each in spec.request.parts):
                yield document.problem((*at, name), "meets a part of `request`", "rename one of them", key=True)
    for at, parts in [(("request", "parts"), spec.request.parts), *own]:
        yield from _meeting(document, at, parts, question)
        yield from _elements(document, at, parts if _is_xml(spec) else ())
    if spec.login:
        yield from _meeting(document, ("login", "request", "parts"), spec.login.request.parts, ())
    if isinstance(spec.wrapping, XmlInJsonSpec):
        yield from _beside(document, spec.wrapping)


def _elements(document: Document, at: Path, parts: Iterable[str]) -> Iterator[Problem]:
    for name in parts:
        if not all(XML_NAME.fullmatch(each) for each in name.split(".")):
            yield document.problem((*at, name), "is no name that an element of XML can have", "rename it", key=True)


def _beside(document: Document, wrapping: XmlInJsonSpec) -> Iterator[Problem]:
    """What stands beside a question that is a text, which has no parts."""
    at = ("envelope", "beside")
    yield from _meeting(document, at, wrapping.beside, filter(None, [wrapping.question]))
    for name in wrapping.beside:
        if wrapping.question and name.startswith(f"{wrapping.question}."):
            yield document.problem((*at, name), "stands within the question's text", "rename it", key=True)


def _meeting(document: Document, at: Path, parts: Iterable[str], others: Iterable[str]) -> Iterator[Problem]:
    """What is put below another name is beside it; a value in the very place of one, or above it, is in its way."""
    others = tuple(others)
    for name in parts:
        if name in others or any(each.startswith(f"{name}.") for each in (*others, *parts)):
            yield document.problem((*at, name), "stands in the way of another name", "rename one of them", key=True)


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _is_xml(spec: HttpSpec) -> bool:
    """Whether the question is XML."""
    return isinstance(spec.wrapping, SoapSpec) or (isinstance(spec.wrapping, XmlInJsonSpec) and bool(spec.wrapping.question))


def _groups(spec: HttpSpec) -> Iterator[_Group]:
    """Everything that the gateway puts in, by its place in the file."""
    yield from _of_request(("request",), spec.request)
    if spec.login:
        yield from _of_request(("login", "request"), spec.login.request)
    for name, each in spec.operations.items():
        yield ("operations", name, "parts"), each.parts
    for at, answer in _answers(spec):
        yield (*at, "echo"), answer.echo or {}
    if isinstance(spec.wrapping, XmlInJsonSpec):
        yield ("envelope", "beside"), spec.wrapping.beside


def _of_request(at: Path, request: RequestSpec) -> Iterator[_Group]:
    yield (*at, "parts"), request.parts
    yield (*at, "headers"), request.headers
    yield (*at, "query"), request.query


def _answers(spec: HttpSpec) -> Iterator[tuple[Path, AnswerSpec]]:
    yield ("answer",), spec.answer
    for name, operation in spec.operations.items():
        if operation.answer:
            yield ("operations", name, "answer"), operation.answer


def _levels(spec: HttpSpec) -> Iterator[tuple[Path, Level]]:
    around = spec.wrapping.levels if isinstance(spec.wrapping, XmlInJsonSpec | SealSpec) else ()
    for at, levels in ((("envelope",), around), *((at, answer.levels) for at, answer in _answers(spec))):
        for index, level in enumerate(levels):
            yield (*at, "levels", index), level
