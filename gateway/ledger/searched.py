"""What a body says for the columns by which entries are searched, and whether it is canonical: for many bodies, most of them of few forms.

Laws: what `encoding.parse` refuses is refused, and nothing else; a form that was met before is only a quicker way to the same words. This
is where verifying a log spends much of its time.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from gateway.ledger.encoding import FACT, INSIDE, KINDS, MOMENT, NUMBER, VERSION, Body, decoded, named, parse, text
from gateway.ledger.records import unique_key
from gateway.model.exchange import HOLDER, HOLDER_KEY

Searched = tuple[str, str, str, str | None, str | None]
"""Kind, exchange, moment, replay key and holder, as they stand in a Row."""

_MOST_FORMS: Final = 16

# What most bodies are without: one that has none of these bytes has no other text than what the next quote ends, which is found sooner.
_ESCAPED: Final = bytes(0x20 if byte < 0x20 or byte == ord("\\") else byte for byte in range(256))  # noqa: PLR2004 - U+0000 to U+001F
_BARE: Final = '[^"]*+'


class Searching:
    """Tells it of body after body, and remembers their forms."""

    def __init__(self) -> None:
        self._bare: list[Callable[[str], re.Match[str] | None]] = []
        self._forms: list[Callable[[str], re.Match[str] | None]] = []

    def __call__(self, body: bytes) -> Searched:
        """Raises MalformedEntry for any bytes but a canonical body."""
        whole = decoded(body)
        if body.translate(_ESCAPED) == body:
            for matched in self._bare:
                if found := matched(whole):
                    return _columns(found.groups())
        else:
            for matched in self._forms:
                if found := matched(whole):
                    return _columns([text(f'"{each}"') for each in found.groups()])
        return self._met(parse(body))

    def _met(self, said: Body) -> Searched:
        """What stands in a body of a form that is new, or one too many."""
        if len(self._forms) < _MOST_FORMS:
            values = [(fact[1], said.facts[fact.end(1) + len('":')]) for fact in FACT.finditer(said.facts)]
            self._bare.append(_form(values, _BARE).fullmatch)
            self._forms.append(_form(values, INSIDE).fullmatch)
        hash_, key = named(said.facts, HOLDER), named(said.facts, HOLDER_KEY)
        holder = [] if hash_ is None or key is None else [hash_, key]
        return _columns([said.at, text(said.exchange_id), *holder, said.kind, text(said.replay_key)])


def _columns(said: Sequence[str]) -> Searched:
    """Of moment, exchange, the holder's hash and its key where both are texts, kind and replay key."""
    if len(said) == 4:  # noqa: PLR2004 - without a holder
        at, exchange_id, kind, replay_key = said
        return kind, exchange_id, at, unique_key(kind, replay_key), None
    at, exchange_id, hash_, key, kind, replay_key = said
    return kind, exchange_id, at, unique_key(kind, replay_key), f"{key}:{hash_}"


def _form(facts: Sequence[tuple[str, str]], inside: str) -> re.Pattern[str]:
    """What matches bodies that have facts of these names, with values that begin so, and no other; `inside` matches what is in a text.

    Its groups are what `_columns` takes.
    """
    value = {'"': f'"{inside}"', "[": rf'\[(?:"{inside}"(?:,"{inside}")*+)?\]'}
    caught = dict.fromkeys((HOLDER, HOLDER_KEY) if {(HOLDER, '"'), (HOLDER_KEY, '"')} <= {*facts} else (), f'"({inside})"')
    between = ",".join(f'"{re.escape(name)}":{caught.get(name) or value.get(first, NUMBER)}' for name, first in facts)
    return re.compile(
        rf'\{{"at":"({MOMENT})","exchange_id":"({inside})","facts":\{{{between}\}},'
        rf'"kind":"({KINDS})","replay_key":"({inside})","v":{VERSION}\}}'
    )
