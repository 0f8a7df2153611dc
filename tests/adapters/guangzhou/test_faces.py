"""A licence's face is whole, its codes are known, its days are days."""

from collections.abc import Callable

import pytest

from adapters.guangzhou.data_fields import read_data_fields
from adapters.guangzhou.faces import FACES, check_face
from gateway.model.refusal import Refusal

WORDS = {
    "100012001": "DJZTMC",
    "100034007": "JZZT",
    "100051003": "JHZZH",
    "100025001": "BDCQZH",
    "100034008": "HPHM",
    "100068002": "XSEXM",
    "100093005": "XKZBH",
    "100072004": "BXXKZH",
    "100081006": "CJZH",
}
Example = Callable[..., str]


def face(item: str, example: Example) -> dict[str, object]:
    """The face of the interface page's example."""
    if item == "100012001":
        text = example("guangzhou", '"data_fields"').split('"data_fields": "')[1].split('}",')[0].replace('\\"', '"') + "}"
    else:
        text = example("guangzhou", WORDS[item], "ZZBS", after="The `data_fields` of a").strip()
    return read_data_fields(text, "here")


@pytest.mark.parametrize("item", sorted(FACES))
def test_the_pages_examples_are_whole(item: str, example: Example) -> None:
    fields = face(item, example)
    check_face(item, fields, "here")
    assert set(fields) == set(FACES[item])


@pytest.mark.parametrize("item", sorted(FACES))
def test_every_field_is_needed_and_none_may_be_anything(item: str, example: Example) -> None:
    fields = face(item, example)
    for name in fields:
        for spoilt in ({key: value for key, value in fields.items() if key != name}, {**fields, name: ["何"]}):
            with pytest.raises(Refusal, match=name) as caught:
                check_face(item, spoilt, "here")
            assert "何" not in caught.value.detail


@pytest.mark.parametrize(
    ("item", "name", "value", "fits"),
    [
        ("100012001", "YYQXZ", "长期", True),
        ("100012001", "CLRQ", "长期", False),
        ("100012001", "CLRQ", "2024年02月29日", True),
        ("100012001", "CLRQ", "2023年02月29日", False),
        ("100012001", "CLRQ", "2024-02-29", False),
        ("100012001", "CLRQ", "", False),
        ("100012001", "DJZT", "5", False),
        ("100012001", "DJZT", 1, False),
        ("100034007", "LJJF", "3", False),
        ("100034007", "LJJF", True, False),
        ("100034007", "CSRQ", "0000-01-01", False),
        ("100034007", "JZZT", "A", True),
        ("100051003", "BZ", None, True),
        ("100051003", "DJRQ", "20240231", False),
        ("100051003", "NFXB", "2", False),
    ],
)
def test_forms(item: str, name: str, value: object, fits: bool, example: Example) -> None:  # noqa: FBT001 - a parameter of the test
    fields = {**face(item, example), name: value}
    if fits:
        check_face(item, fields, "here")
    else:
        with pytest.raises(Refusal, match=name):
            check_face(item, fields, "here")
