"""What asks each system, and what keeps it from being made: programmed adapters by their names, and described ones by their files."""

import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from adapters.configured.client import ConfiguredAdapter
from adapters.guangzhou.g2_client import g2_adapter
from adapters.registry import CONNECTORS, FILES
from gateway.clock import SystemClock
from gateway.config import Loaded, load
from gateway.config.document import read_document
from gateway.config.interface_file import InterfaceText, read_interface
from gateway.connecting import PROGRAMS, connector, problems
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


def test_a_system_is_tried_with_nobody_at_its_address_and_nothing_stays_open(loaded: Loaded) -> None:
    problems(loaded)  # what the first one loads stays
    before = len([*Path("/proc/self/fd").iterdir()]), threading.active_count()
    assert problems(loaded) == ()
    assert (len([*Path("/proc/self/fd").iterdir()]), threading.active_count()) == before


def test_what_keeps_a_system_from_being_made_is_told_at_its_part_of_the_configuration(loaded: Loaded) -> None:
    here = "regions.440600.systems.f1"
    for changed, path in (
        ({"credentials": {}}, f"{here}.credentials.access_id"),
        ({"url": "sqlite:///front.db"}, f"{here}.url"),
        ({"authorities": b""}, here),
        ({"certificate": "nowhere.pem"}, here),
    ):
        system = replace(loaded.systems["foshan.f1"], **changed)
        (told,) = problems(replace(loaded, systems=MappingProxyType({**loaded.systems, "foshan.f1": system})))
        mark = loaded.document.mark(tuple(path.split(".")))
        assert (told.file, told.line, told.column, told.path) == (loaded.document.file, mark.line, mark.column, path)


def test_the_programs_are_those_that_can_be_asked() -> None:
    assert PROGRAMS.keys() == CONNECTORS.keys()
    assert {name for name, each in PROGRAMS.items() if each.files} == FILES
