"""Interface files as nobody should write them: an interface that can be made, or problems with their place, and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.configured.dialect import dialect
from adapters.configured.tables import front_dialect
from gateway.config.document import read_document
from gateway.config.interface_file import read_interface
from gateway.config.problem import ConfigError
from tests.adapters.configured.departments import CREDENTIALS
from tests.adapters.configured.described import WRITTEN, written
from tests.fuzzing import TIMES

FAMILIES = ("signed-rest", "token-rest", "soap", "xml-in-json", "sealed", "tables")
WORDS = sorted(
    {word.strip('",:{}[]') for name in FAMILIES for word in written(name).split()} | {"", "0", "true", "null", "何", "a.b"}
)


@settings(max_examples=120 * TIMES)
@given(st.sampled_from(FAMILIES), st.lists(st.tuples(st.integers(0, 200), st.sampled_from(WORDS)), min_size=1, max_size=2))
def test_a_file_with_words_in_the_wrong_place(family: str, changes: list[tuple[int, str]]) -> None:
    words = written(family).split(" ")
    for place, word in changes:
        words[place % len(words)] = word
    made = tried(" ".join(words))
    if isinstance(made, ConfigError):
        assert all(each.file == "aid.yaml" and each.line >= 1 and each.message for each in made.problems)
    elif isinstance(made, ValueError):
        assert "the credential" in str(made)


def tried(text: str) -> Exception | None:
    """What keeps an interface from being made of this text, of what may."""
    try:
        interface = read_interface(read_document("aid.yaml", text.encode())).interface
        if interface.http is None:
            front_dialect(interface.name, interface.tables or {}, "account")
        else:
            dialect(interface.name, interface.http, dict.fromkeys(interface.credentials, "00" * 32) | CREDENTIALS)
    except (ConfigError, ValueError) as error:
        return error
    return None


def test_the_files_are_all_tried() -> None:
    assert {each.stem for each in WRITTEN.glob("*.yaml")} == {*FAMILIES, "table", "legal-aid-record"}
