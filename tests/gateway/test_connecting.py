"""What asks each system, and what keeps it from being made: programmed adapters by their names, and described ones by their files."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from adapters.configured.client import ConfiguredAdapter
from adapters.guangzhou.g2_client import g2_adapter
from gateway.clock import SystemClock
from gateway.config import Loaded, load
from gateway.config.document import read_document
from gateway.config.interface_file import InterfaceText, read_interface
from gateway.connecting import connector, problems
from gateway.development.layout import Layout

WRITTEN = Path(__file__).parents[1] / "adapters/configured/written"


@pytest.fixture
def loaded(living: Layout) -> Loaded:
    return load(living.config, {})


def described(name: str) -> InterfaceText:
    text = (WRITTEN / "signed-rest.yaml").read_text(encoding="utf-8").replace("guangzhou.aid", name)
    return read_interface(read_document("aid.yaml", text.encode()))


async def test_a_description_makes_the_adapter_where_there_is_one(loaded: Loaded) -> None:
    text = described("guangzhou.aid")
    programmed = loaded.systems["guangzhou.g2"]
    system = replace(
        programmed, name="guangzhou.aid", interface=text.interface, credentials=MappingProxyType({"account": "a", "secret": "b"})
    )
    made = [connector(each, SystemClock()) for each in (system, programmed)]
    assert isinstance(made[0], ConfiguredAdapter)
    assert type(made[1]).__name__ == g2_adapter.__annotations__["return"].__name__
    for each in made:
        await each.close()
    with pytest.raises(ValueError, match=r"guangzhou\.aid: the credential account is missing"):
        connector(replace(system, credentials={}), SystemClock())


def test_a_description_never_takes_the_place_of_a_programmed_adapter(loaded: Loaded) -> None:
    told = list(problems(replace(loaded, interfaces=(described("guangzhou.g2"),))))
    assert told == ["aid.yaml:1:12: guangzhou.g2 is the name of an adapter of the program; give the interface another name"]


def test_a_connector_that_is_none_is_told_with_those_that_are_described(loaded: Loaded) -> None:
    strange = replace(loaded.systems["guangzhou.g2"], name="guangzhou.aids")
    systems = MappingProxyType({**loaded.systems, "guangzhou.aids": strange})
    (told,) = problems(replace(loaded, systems=systems, interfaces=(described("guangzhou.aid"),)))
    assert told.startswith("no connector guangzhou.aids; there are foshan.f1, ")
    assert told.endswith(", guangzhou.g3, guangzhou.aid")
