"""The canonical bytes of an entry.

Laws: an entry has one body and a body one entry, `decode(encode(entry)) == entry`; nothing is read that `encode` does not write;
no error shows a value. A change of the form is a new version, never a new meaning of version 1.
Serves: RFC 8785 (canonical JSON), narrowed to what an entry holds. In words: docs/ledger.md.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from operator import lt
from typing import Final, NamedTuple

import orjson

from gateway.model.exchange import Entry, EntryKind, Fact

VERSION: Final = 1
NONCE_SIZE: Final = 16
"""Bytes of chance before each body: a leaf of the tree is nonce || body, so that its hash tells nothing of a body that can be guessed."""

MOST_BYTES: Final = (1 << 16) - 1 - NONCE_SIZE
"""Of a body, so that nonce and body fit into a C2SP entry bundle."""


class MalformedEntry(ValueError):  # noqa: N818 - named for what was found
    """An entry that has no canonical body, or bytes that are nobody's canonical body."""


class Body(NamedTuple):
    """The parts of a canonical body, each as its JSON text; `facts` without the braces around them, not yet taken apart."""

    at: str
    exchange_id: str
    facts: str
    kind: str
    replay_key: str


_body: Final[Callable[[Sequence[str]], Body]] = partial(tuple.__new__, Body)
"""`Body._make` without a look at how many parts there are, for the patterns that have five groups."""


# Possessive, so that hostile bytes cost no more than honest ones. A control character is spelt the short way if there is one.
_PLAIN: Final = r'[^"\\\x00-\x1f]*+'
_TEXT: Final = rf'"{_PLAIN}(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])){_PLAIN})*+"'
_NUMBER: Final = r"(?:0|-?[1-9][0-9]{0,14})"
_NAME: Final = r"[a-z][a-z0-9_.]*+"
_MOMENT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"

# What most bodies are without: a body that has none of these bytes has no other text than what a quote ends, which is found much sooner.
_ESCAPED: Final = bytes([*range(0x20), ord("\\")])
_BARE_TEXT: Final = '"[^"]*+"'


def _before(text: str) -> str:
    """What matches a body up to its facts, where `text` matches a text."""
    return rf'\{{"at":"({_MOMENT})","exchange_id":({text})'


def _value(text: str) -> str:
    """What matches a fact."""
    return rf"(?:{text}|{_NUMBER}|\[(?:{text}(?:,{text})*+)?\])"


def _after(text: str) -> str:
    """What matches a body from its kind on."""
    return rf'({"|".join(EntryKind)})","replay_key":({text}),"v":{VERSION}\}}'


# Three parts, each looked at once. A quote inside a text is always escaped, so what stands between them stands nowhere else.
_BEFORE: Final = re.compile(_before(_TEXT))
_FACTS: Final = ',"facts":{'
_FACT: Final = re.compile(rf'"({_NAME})":{_value(_TEXT)}')
_KIND: Final = '},"kind":"'
_AFTER: Final = re.compile(_after(_TEXT))
_AT: Final = slice(len('{"at":"'), len('{"at":"2026-05-09T07:35:25.123456Z'))
_ONE_NAME: Final = re.compile(_NAME)
_ONE_TEXT: Final = re.compile(_TEXT)
_MOST_FORMS: Final = 8

_NUMBER_LIMIT: Final = 10**15
"""Fifteen digits: what every JSON reader keeps exactly (RFC 7493 section 2.2)."""


def encode(entry: Entry) -> bytes:
    """Return the canonical body of `entry`, UTF-8.

    Raises MalformedEntry: a moment without offset, a name that is not snake_case ASCII, a value that is no str, int below 10^15
    or tuple of str, a text with half a surrogate pair, or more than MOST_BYTES in all.
    """
    _check_names(tuple(entry.facts))
    for name, fact in entry.facts.items():
        if not isinstance(fact, str):
            _check_fact(name, fact)
    parts = {
        "at": entry.at if _is_spelt_alike(entry.at) else moment(entry.at),
        "exchange_id": entry.exchange_id,
        "facts": entry.facts if type(entry.facts) is dict else dict(entry.facts),
        "kind": str(entry.kind),
        "replay_key": entry.replay_key,
        "v": VERSION,
    }
    try:
        body = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        raise MalformedEntry("a text of the entry holds half a surrogate pair, which UTF-8 cannot write") from None
    if len(body) > MOST_BYTES:
        raise MalformedEntry(f"the body of the entry has more than {MOST_BYTES} bytes")
    return body


def moment_of(body: bytes) -> str:
    """Return the moment of a body that `encode` gave, as `moment` spells it."""
    return body[_AT].decode()


def _is_spelt_alike(at: datetime) -> bool:
    """Whether orjson, which is a good deal quicker, spells a moment as `moment` does: it leaves out decimals where there are none."""
    return at.tzinfo is UTC and at.microsecond > 0


def moment(at: datetime) -> str:
    """Return an aware moment as RFC 3339 in UTC with six decimals; raises MalformedEntry for one without offset."""
    if at.utcoffset() is None:
        raise MalformedEntry("the moment of the entry has no offset")
    try:
        return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    except OverflowError:
        raise MalformedEntry("the moment of the entry lies outside the years 1 to 9999 in UTC") from None


class Parser:
    """`parse` for many bodies: faster where their facts have the same names, as those of a log mostly have."""

    def __init__(self) -> None:
        self._bare: list[re.Pattern[str]] = []
        self._forms: list[re.Pattern[str]] = []

    def __call__(self, body: bytes) -> Body:
        """As `parse`."""
        whole = _decoded(body)
        bare = len(body.translate(None, _ESCAPED)) == len(body)
        for form in self._bare if bare else self._forms:
            if found := form.fullmatch(whole):
                return _body(found.groups())
        parts = parse(body)
        if len(self._forms) < _MOST_FORMS:
            names = _FACT.findall(parts.facts)
            self._bare.append(_form(names, _BARE_TEXT))
            self._forms.append(_form(names, _TEXT))
        return parts


def _form(names: Sequence[str], text: str) -> re.Pattern[str]:
    """What matches the bodies that have facts of these names, where `text` matches a text, and no other."""
    facts = ",".join(f'"{re.escape(name)}":{_value(text)}' for name in names)
    return re.compile(f"{_before(text)}{re.escape(_FACTS)}({facts}){re.escape(_KIND)}{_after(text)}")


def parse(body: bytes) -> Body:
    """Take a canonical body apart; raises MalformedEntry for any other bytes."""
    whole = _decoded(body)
    begin, _, rest = whole.partition(_FACTS)
    facts, _, end = rest.partition(_KIND)
    before, after = _BEFORE.fullmatch(begin), _AFTER.fullmatch(end)
    # Splitting at the facts leaves their names, and around each what stands between facts: nothing, and a comma from one to the next.
    parts = _FACT.split(facts)
    names = parts[1::2]
    between = ["", *[","] * (len(names) - 1), ""] if names else [""]
    if before is None or after is None or parts[::2] != between:
        raise MalformedEntry(f"the body is not of version {VERSION} of the canonical form")
    if not all(map(lt, names, names[1:])):
        raise MalformedEntry("the facts are not in the order of their names, or a name stands twice")
    return Body(before[1], before[2], facts, after[1], after[2])


def decode(body: bytes) -> Entry:
    """Return the entry whose canonical body this is; raises MalformedEntry for any other bytes."""
    parts = parse(body)
    try:
        at = datetime.fromisoformat(parts.at)
    except ValueError:
        raise MalformedEntry("the moment of the body is no real one") from None
    facts = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in json.loads(f"{{{parts.facts}}}").items()}
    return Entry(EntryKind(parts.kind), text(parts.exchange_id), at, facts, text(parts.replay_key))


def _decoded(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        raise MalformedEntry(f"the body has more than {MOST_BYTES} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise MalformedEntry("the body is not UTF-8") from None


def text(quoted: str) -> str:
    """Return the text that one JSON string of a parsed body stands for."""
    return str(json.loads(quoted)) if "\\" in quoted else quoted[1:-1]


def named(facts: str, name: str) -> str | None:
    """Return the fact of this name if it is a text, out of the `facts` of a parsed body; None otherwise."""
    # A quote inside a text is always escaped, so this is found nowhere but at a name and the beginning of its text.
    before = f'"{name}":'
    at = facts.find(f'{before}"')
    quoted = _ONE_TEXT.match(facts, at + len(before)) if at >= 0 else None
    return text(quoted[0]) if quoted else None


@lru_cache(maxsize=256)
def _check_names(names: tuple[str, ...]) -> None:
    if not all(map(_ONE_NAME.fullmatch, names)):
        raise MalformedEntry("a fact's name has to be snake_case ASCII (a-z, 0-9, underscore, full stop), a letter first")


def _check_fact(name: str, fact: Fact) -> None:
    if isinstance(fact, tuple):
        lawful = all(isinstance(part, str) for part in fact)
    else:
        lawful = isinstance(fact, int) and not isinstance(fact, bool) and abs(fact) < _NUMBER_LIMIT
    if not lawful:
        raise MalformedEntry(f"fact {name!r} has to be a text, a whole number of at most fifteen digits, or a tuple of texts")
