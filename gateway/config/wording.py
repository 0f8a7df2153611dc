"""How advice is worded: near names, lists of what is allowed, and values cut short.

Laws: what may be a secret is never passed in here.
"""

import difflib
from collections.abc import Iterable

_LONGEST = 40
_MOST = 30


def quoted(text: object) -> str:
    """The text between quotes, on one line, cut to 40 characters."""
    shown = " ".join(str(text).split())
    return f"'{shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + '…'}'"


def listed(names: Iterable[str]) -> str:
    """Names in alphabetical order with commas, the first thirty of them."""
    ordered = sorted(names)
    return ", ".join(ordered[:_MOST]) + (", ..." if len(ordered) > _MOST else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'? Known: a, b, c`; without the question, `known: a, b, c`, where nothing is near."""
    names = sorted(known)
    if not names:
        return "none is known here"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {quoted(near[0])}? Known: {listed(names)}" if near else f"known: {listed(names)}"
