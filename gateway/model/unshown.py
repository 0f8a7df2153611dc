"""Characters that a screen does not show and that change what it shows: whoever reads a text that holds one is told something else.

Laws: what writing needs stays out of the list: dots in names, rare and private characters, joiners, and marks of direction, which turn
nothing round; a text that holds one of these is refused, never cleaned, for it would be another text.
Source: ECMA-48 (C1, whose U+009B begins what commands a terminal); UAX 9 and Unicode TR 36 (embeddings, overrides, isolates).
"""

from typing import Final

UNSHOWN: Final = r"\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff"
"""For a class of a regular expression. The controls before the blank (C0) are not in it: some texts have lines."""
