"""An opened answer -> what the city said: its records, or that it holds none.

Laws: pure; 'no such record' is said by the innermost code without values beside it, or by an explicit empty list under a fine code where
the description admits it; a missing list, or a count that differs, is CITY_ANSWER_INVALID; several records where one is meant are
HOLDER_AMBIGUOUS, and the first is never picked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.configured.ciphers import Opener, opener
from adapters.configured.filling import Asking, fill
from adapters.configured.levels import Judgement, Step, judge, steps
from adapters.connectors.json_body import objects, read_json_text
from adapters.connectors.moments import read_moment
from adapters.connectors.nesting import follow, leaf_text
from adapters.connectors.verdict import Meaning, invalid
from gateway.model.city import CityAnswer, Record
from gateway.model.interface import AnswerSpec
from gateway.model.refusal import Reason, Refusal

_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})
_NONE: Final = (None, "", "0", 0)
_Path = tuple[str, ...]
_Change = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the answers of one operation. `xml` where the document is XML, in which all is text and a list of one looks like its part."""

    spec: AnswerSpec
    levels: tuple[Step, ...]
    records: _Path
    openers: Mapping[_Path, Opener] = field(repr=False)
    xml: bool

    def read(self, tree: object, asking: Asking, around: Judgement, where: str) -> CityAnswer:
        """What the city said. Raises Refusal, blame COUNTERPARTY."""
        said = judge(self.levels, tree, where, around)
        self._check(tree, asking, where, said.status)
        found = follow(tree, self.records)
        if said.meaning is Meaning.NO_RECORD:
            if found not in _NOTHING or self._count(tree) not in _NONE:
                raise invalid(where, "says that there is no record, and gives data", said.status)
            return CityAnswer(said.status, no_record=True)
        rows = self._rows(tree, found, f"{where} {self.spec.records}", said.status)
        if not rows:
            return CityAnswer(said.status, no_record=True)
        records: tuple[Record, ...] = tuple(self._record(row, where) for row in rows)  # type: ignore[misc]
        return CityAnswer(said.status, records)

    def _check(self, tree: object, asking: Asking, where: str, status: str) -> None:
        """That it is the answer to this question, of now."""
        for path, filling in (self.spec.echo or {}).items():
            back = follow(tree, tuple(path.split(".")))
            if not isinstance(back, str | int) or leaf_text(back) != leaf_text(fill(filling, asking)):
                raise invalid(f"{where} {path}", "is not the question's", status)
        if moment := self.spec.moment:
            name = f"{where} {moment.at}"
            if abs(read_moment(follow(tree, tuple(moment.at.split("."))), moment.form, name) - asking.stamp.moment) > moment.skew:
                raise invalid(name, "is too far from our clock", status)

    def _rows(self, tree: object, found: object, where: str, status: str) -> tuple[dict[str, object], ...]:
        """The records; none only where the city says so by an explicit empty list, and that is a statement here."""
        listed = found if isinstance(found, list) else [found] if isinstance(found, dict) and found else []
        if not listed and not (self.spec.empty_is_none and self._explicitly_empty(tree, found)):
            raise invalid(where, "is missing, or empty, which is no statement here", status)
        count = self._count(tree)
        if self.spec.count and (not isinstance(count, str | int) or leaf_text(count) != str(len(listed))):
            raise invalid(f"{where}, {self.spec.count}", "contradict one another, or are more than one page", status)
        if len(listed) > 1 and not self.spec.several:
            what = f"{where}: is several records, where one is meant"
            raise Refusal(Reason.HOLDER_AMBIGUOUS, what, city_status=status)
        return objects(listed, where)

    def _explicitly_empty(self, tree: object, found: object) -> bool:
        """In XML an empty list is an element without anything in it: that of the list, for its parts are not there."""
        if self.xml:
            return found == "" or (found is None and len(self.records) > 1 and follow(tree, self.records[:-1]) == "")
        return isinstance(found, list)

    def _count(self, tree: object) -> object:
        return follow(tree, tuple(self.spec.count.split("."))) if self.spec.count else None

    def _record(self, record: dict[str, object], where: str) -> dict[str, object]:
        """With what is encrypted, or JSON in a text, opened."""
        for path, open_ in self.openers.items():
            _change(record, path, _with(open_, f"{where} {'.'.join(path)}"))
        for name in self.spec.opened:
            _change(record, tuple(name.split(".")), _with(_json, f"{where} {name}"))
        for name in self.spec.lists:
            _change(record, tuple(name.split(".")), _as_list)
        return record


def reader(spec: AnswerSpec, credentials: Mapping[str, str], system: str, *, xml: bool) -> Reader:
    """The description, compiled. Raises ValueError for a key that does not serve."""
    openers = {tuple(name.split(".")): opener(each, credentials, system) for name, each in (spec.encrypted or {}).items()}
    return Reader(spec, steps(spec.levels), tuple(spec.records.split(".")), openers, xml)


def _json(value: object, where: str) -> object:
    if not isinstance(value, str):
        raise invalid(where, "is no text that holds JSON")
    return read_json_text(value, where)


def _with(open_: Callable[[object, str], object], where: str) -> _Change:
    return lambda value: value if value in _NOTHING else open_(value, where)


def _as_list(value: object) -> object:
    if isinstance(value, list):
        return value
    return [] if value in _NOTHING else [value]


def _change(place: object, path: _Path, change: _Change) -> None:
    """Puts what `change` makes of it in the place of whatever stands at the path, in each row where the path leads through rows."""
    if isinstance(place, list):
        for each in place:
            _change(each, path, change)
    elif isinstance(place, dict) and path[0] in place:
        if len(path) == 1:
            place[path[0]] = change(place[path[0]])
        else:
            _change(place[path[0]], path[1:], change)
