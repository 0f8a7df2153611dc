"""The canonical bytes of an entry.

Laws: an entry has one body and a body one entry, `decode(encode(entry)) == entry`; nothing is read that `encode` does not write;
no error shows a value. A change of the form is a new version, never a new meaning of version 1.
Serves: RFC 8785 (canonical JSON), narrowed to what an entry holds. In words: docs/ledger.md.
"""

import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from operator import lt
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson

from gateway.model.exchange import LARGEST_BODY, Entry, EntryKind, Fact

VERSION: Final = 1
NONCE_SIZE: Final = 16
"""Bytes of chance before each body: a leaf of the tree is nonce || body, so that its hash tells nothing of a body that can be guessed."""

MOST_BYTES: Final = LARGEST_BODY
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


# Possessive, so that hostile bytes cost no more than honest ones. A control character is spelt the short way if there is one.
_PLAIN: Final = r'[^"\\\x00-\x1f]*+'
INSIDE: Final = rf'{_PLAIN}(?:\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f])){_PLAIN})*+'
"""What matches a text between its quotes."""
NUMBER: Final = r"(?:0|-?[1-9][0-9]{0,14})"
MOMENT: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
KINDS: Final = "|".join(EntryKind)
_TEXT: Final = f'"{INSIDE}"'
_NAME: Final = r"[a-z][a-z0-9_.]*+"
_VALUE: Final = rf"(?:{_TEXT}|{NUMBER}|\[(?:{_TEXT}(?:,{_TEXT})*+)?\])"

# Three parts, each looked at once. A quote inside a text is always escaped, so what stands between them stands nowhere else.
_BEFORE: Final = re.compile(rf'\{{"at":"({MOMENT})","exchange_id":({_TEXT})')
_FACTS: Final = ',"facts":{'
FACT: Final = re.compile(rf'"({_NAME})":{_VALUE}')
"""What matches one fact, its name by itself."""
_KIND: Final = '},"kind":"'
_AFTER: Final = re.compile(rf'({KINDS})","replay_key":({_TEXT}),"v":{VERSION}\}}')
_AT: Final = slice(len('{"at":"'), len('{"at":"2026-05-09T07:35:25.123456Z'))
_ONE_NAME: Final = re.compile(_NAME)
_ONE_TEXT: Final = re.compile(_TEXT)

_NUMBER_LIMIT: Final = 10**15
"""Fifteen digits: what every JSON reader keeps exactly (RFC 7493 section 2.2)."""


def encode(entry: Entry) -> bytes:
    """Return the canonical body of `entry`, UTF-8.

    Raises MalformedEntry: a moment without offset, a name that is not snake_case ASCII, a value that is no str, int below 10^15
    or tuple of str, a text with half a surrogate pair, or more than MOST_BYTES in all.
    """
    _check_names(tuple(entry.facts))
    for name, fact in entry.facts.items():
        if type(fact) is not str:
            _check_fact(name, fact)
    parts = {
        "at": entry.at if _is_spelt_alike(entry.at) else moment(entry.at),
        "exchange_id": entry.exchange_id,
        # By the proxy's own copy, which takes a tenth of what dict takes to do the same.
        "facts": entry.facts.copy() if isinstance(entry.facts, MappingProxyType) else dict(entry.facts),
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


def parse(body: bytes) -> Body:
    """Take a canonical body apart; raises MalformedEntry for any other bytes."""
    whole = decoded(body)
    begin, _, rest = whole.partition(_FACTS)
    facts, _, end = rest.partition(_KIND)
    before, after = _BEFORE.fullmatch(begin), _AFTER.fullmatch(end)
    # Splitting at the facts leaves their names, and around each what stands between facts: nothing, and a comma from one to the next.
    parts = FACT.split(facts)
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


def decoded(body: bytes) -> str:
    """Return the text of a body, as far as bytes and length tell a body's; raises MalformedEntry."""
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
    elif isinstance(fact, int):
        lawful = not isinstance(fact, bool) and abs(fact) < _NUMBER_LIMIT
    else:
        lawful = isinstance(fact, str)
    if not lawful:
        raise MalformedEntry(f"fact {name!r} has to be a text, a whole number of at most fifteen digits, or a tuple of texts")
