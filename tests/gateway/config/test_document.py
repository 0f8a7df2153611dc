import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.document import Mark, dotted, read_document
from gateway.config.problem import ConfigError

PLAIN = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
    "12": 12,
    "-7": -7,
    "0": 0,
    "1.50": 1.5,
    # The Norway problem, octals, sexagesimals, dates and the rest of YAML 1.1 are texts.
    "no": "no",
    "NO": "NO",
    "on": "on",
    "yes": "yes",
    "True": "True",
    "NULL": "NULL",
    "010": "010",
    "0o10": "0o10",
    "0x1F": "0x1F",
    "1_000": "1_000",
    "12:30:45": "12:30:45",
    "1e3": "1e3",
    ".inf": ".inf",
    "+1": "+1",
    "2026-09-01": "2026-09-01",
    "2026-09-01T10:00:00Z": "2026-09-01T10:00:00Z",
    "=": "=",
    "9" * 30: "9" * 30,
    '"12"': "12",
    "'true'": "true",
}


@pytest.mark.parametrize(("written", "value"), PLAIN.items())
def test_scalars(written: str, value: object):
    read = read_document("f.yaml", f"key: {written}\n".encode()).value
    assert read == {"key": value}
    assert type(read["key"]) is type(value)


def test_places_count_from_one_and_in_characters():
    document = read_document("f.yaml", "a:\n  城市: {b: [x, 广州, y]}\nlast: |\n  text\n".encode())
    assert document.value == {"a": {"城市": {"b": ("x", "广州", "y")}}, "last": "text\n"}
    assert document.marks[("a", "城市", "b", 2)] == Mark(2, 19)
    assert document.keys[("a", "城市")] == Mark(2, 3)
    assert document.keys[("last",)] == Mark(3, 1)
    assert document.at(("a", "城市", "b", 1)) == "广州"
    assert document.at(("a", "城市", "b", 3)) is None
    assert document.at(("a", 0)) is None


def test_every_key_stands_where_its_place_says(site):
    text = (site.folder / "gateway.yaml").read_text(encoding="utf-8")
    document = read_document("gateway.yaml", text.encode())
    lines = text.splitlines()
    assert len(document.keys) > 60
    for path, mark in document.keys.items():
        assert lines[mark.line - 1][mark.column - 1 :].lstrip('"').startswith(str(path[-1]))
    for path, mark in document.marks.items():
        value = document.at(path)
        if isinstance(value, str):
            assert lines[mark.line - 1][mark.column - 1 :].lstrip('"').startswith(value)


def test_a_missing_part_is_placed_at_the_nearest_that_holds_it():
    document = read_document("f.yaml", b"a:\n  b: 1\n")
    assert document.mark(("a", "c", "d"), key=True) == Mark(1, 1)
    assert document.mark(("a", "c", "d")) == Mark(2, 3)
    assert document.place(("a", "b")) == "f.yaml:2:6"


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert read_document("f.yaml", "\ufeffa: 1\n".encode()).value == {"a": 1}


def test_dotted():
    assert dotted(("agreements", 0, "evidence", 1, "type")) == "agreements[0].evidence[1].type"
    assert dotted(()) == ""


FAULTS = {
    "empty": (b"", "f.yaml:1:1: the file is empty; write at least one key, or leave the file out"),
    "only a comment": (b"# nothing\n", "f.yaml:1:1: the file is empty; write at least one key, or leave the file out"),
    "tab": (b"a:\n  b:\n\t- c\n", "f.yaml:3:1: a tab stands in the indentation; indent with spaces"),
    "not UTF-8": (b"a: 1\nb: \xd6\xd0\n", "f.yaml:2:4: this byte is not UTF-8; save the file in UTF-8"),
    "control character": (b"a: 1\nbc: \x07\n", "f.yaml:2:5: the control character U+0007 has no place in YAML; remove it"),
    "open bracket": (
        b"a: [1, 2\nb: 3\n",
        "f.yaml:2:2: this is not YAML: did not find expected ',' or ']' while parsing a flow sequence"
        " that begins at line 1, column 4; look for a missing quote, bracket, colon or space",
    ),
    "two documents": (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; make a file of its own of it"),
    "key twice": (
        b"a:\n  b: 1\n  c: 2\n  b: 3\n",
        "f.yaml:4:3: a: the key 'b' stands here a second time; the first is at line 2, column 3: keep one",
    ),
    "number as key": (
        b"regions: {440100: {}}\n",
        "f.yaml:1:11: regions: the key '440100' must be a text; put it between quotes: \"440100\"",
    ),
    "no key": (b"? \n: 1\n", "f.yaml:1:2: the key '' must be a text; name it"),
    "list as key": (b"? [a, b]\n: 1\n", "f.yaml:1:3: a key must be a text; write `key: value`"),
    "anchor": (b"a: &x 1\n", "f.yaml:1:4: a: an anchor is not allowed; write the value out where it is needed"),
    "tag": (
        b"a: !!python/object:os.system x\n",
        "f.yaml:1:4: a: a tag is not allowed; write the plain value, a text between quotes",
    ),
}


@pytest.mark.parametrize(("content", "message"), FAULTS.values(), ids=FAULTS)
def test_faults(content: bytes, message: str):
    with pytest.raises(ConfigError) as caught:
        read_document("f.yaml", content)
    assert str(caught.value) == message


def test_every_fault_of_the_syntax_that_allows_reading_on_is_told():
    with pytest.raises(ConfigError) as caught:
        read_document("f.yaml", b"a: &x 1\nb: *x\n1: 2\na: 3\n")
    assert [(each.line, each.message) for each in caught.value.problems] == [
        (1, "an anchor is not allowed"),
        (2, "an alias is not allowed"),
        (3, "the key '1' must be a text"),
        (4, "the key 'a' stands here a second time"),
    ]


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (b"[" * 5_000, "deeper than 24 levels"),
        (b"a: " + b"{a: " * 30 + b"1" + b"}" * 30, "deeper than 24 levels"),
        (b"[" + b"1," * 60_000 + b"1]", "more than 50000 values"),
        (b"#" * (1 << 20) + b"\n", "larger than 1048576 bytes"),
    ],
)
def test_bombs_are_refused_while_they_are_read(content: bytes, limit: str):
    with pytest.raises(ConfigError) as caught:
        read_document("f.yaml", content)
    assert limit in str(caught.value)


def test_a_billion_laughs_end_at_the_first_alias():
    lines = ["a0: &a0 [ha, ha]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20))]
    with pytest.raises(ConfigError) as caught:
        read_document("f.yaml", "\n".join(lines).encode())
    assert "an alias is not allowed" in {each.message for each in caught.value.problems}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_document_or_a_config_error(content: bytes):
    try:
        problems = ()
        assert read_document("f.yaml", content).marks[()].line >= 1
    except ConfigError as error:
        problems = error.problems
    assert all(each.line >= 1 and each.column >= 1 and each.message for each in problems)


TEXTS = st.text(st.characters(categories=["L", "N", "P"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.dictionaries(TEXTS, inner, max_size=4) | st.lists(inner, max_size=4))


@given(VALUES)
def test_json_is_read_as_json_means_it(value: object):
    assert read_document("f.yaml", json.dumps(value, ensure_ascii=False).encode()).value == _tuples(value)


def _tuples(value: object) -> object:
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {key: _tuples(each) for key, each in value.items()} if isinstance(value, dict) else value
