import pytest

from gateway.config.document import read_document
from gateway.config.problem import ConfigError
from gateway.config.rule_sections import Answer, Ask
from gateway.config.shape import shape

ANSWERS = {
    "[]": ":1:1: names nothing; name at least one, or take out what holds it",
    "[{each: a, name: {from: b}, id_type: {from: c}, id_number: {from: d}}]": ":1:3: [0].each: unknown key 'each'; known: ",
    "{name: {from: a}, id_type: {from: b}, id_number: {from: c}}": ":1:1: each: the key is missing; add `each:` (path of the list",
    "{first: {from: a}}": ":1:1: last: the key is missing; add `last:` (the last day; absent means no end)",
    "{last: {from: a}}": ":1:1: first: the key is missing; add `first:` (the first day)",
    "{rows: a}": ":1:1: columns: the key is missing; add `columns:` (canonical column -> rule)",
    "{rows: a, columns: {b: c}}": ":1:24: columns.b: must be a rule; ",
    "{from: a, constant: b}": ":1:2: from: unknown key 'from'; known: constant",
    "{from: a, codes: {}}": ":1:18: codes: names nothing; ",
    "{from: a, codes: {'1': 2}}": ":1:24: codes.1: must be a text; put the value between quotes",
    "{from: a, absent: ''}": ":1:19: absent: must be a list; ",
    "{from: a, date: []}": ":1:17: date: names nothing; ",
    "{from: .a}": ":1:8: from: must be a dotted path; write name.name, without an empty part",
    "{withheld: ''}": ":1:12: withheld: is empty; write a value",
    "{}": ":1:1: from: the key is missing; add `from:` (a part of the city's record by its path)",
}
ASKS = {
    "holder.name": ":1:1: must be a rule; ",
    "{withheld: why}": ":1:1: from: the key is missing; ",
    "{from: a, unit: fen}": ":1:11: unit: unknown key 'unit'; known: codes, date, from, lossy, month",
    "{from: a, optional: true}": ":1:11: optional: unknown key 'optional'; known: codes, date, from, lossy, month",
}


@pytest.mark.parametrize(
    ("rule", "written", "told"),
    [(rule, written, told) for rule, faults in ((Answer, ANSWERS), (Ask, ASKS)) for written, told in faults.items()],
)
def test_fault(rule: object, written: str, told: str):
    with pytest.raises(ConfigError) as caught:
        shape(read_document("r.yaml", written.encode()), rule)
    assert str(caught.value).startswith(f"r.yaml{told}")
