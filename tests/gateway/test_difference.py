"""What a reload would change is told by name, and never a secret."""

from dataclasses import replace
from types import MappingProxyType

from gateway.config import Loaded
from gateway.config.document import read_document
from gateway.config.interface_file import InterfaceText, read_interface
from gateway.development.layout import Layout
from gateway.difference import difference
from tests.gateway.living import read
from tests.terminal import ROOT


def aid(path: str = "/rest/aid/query") -> InterfaceText:
    text = (ROOT / "tests/adapters/configured/written/signed-rest.yaml").read_text(encoding="utf-8")
    return read_interface(read_document("aid.yaml", text.replace("/rest/aid/query", path).encode()))


def told(before: Loaded, after: Loaded) -> list[str]:
    return [str(each) for each in difference(before, after)]


def test_the_same_files_differ_in_nothing(living: Layout) -> None:
    assert told(read(living), read(living)) == []


def test_each_kind_is_told_by_its_name(living: Layout) -> None:
    loaded = read(living)
    world, system = loaded.world, loaded.systems["foshan.f1"]
    secret = replace(system, credentials={**system.credentials, "access_id": "anything"}, pair="another")
    systems = {name: each for name, each in loaded.systems.items() if name not in ("foshan.f1", "foshan.f2")}
    after = replace(
        loaded,
        systems=MappingProxyType({**systems, "foshan.f1": secret}),
        world=replace(
            world, agreements={}, limits=replace(world.limits, in_flight=7), trust=replace(world.trust, front_proxy="another")
        ),
        server=replace(loaded.server, key=b"another"),
    )
    found = told(loaded, after)
    assert {"changed system foshan.f1", "changed certificate shown to foshan.f1", "removed system foshan.f2"} <= set(found)
    assert {"changed certificate of the listener", "changed setting limits", "changed setting listen.front_proxy"} <= set(found)
    assert any(each.startswith("removed agreement ") for each in found)
    assert "anything" not in str(found)
    assert any(each.startswith("added agreement ") for each in told(after, loaded))
    described = replace(loaded, interfaces=(aid(),))
    assert told(loaded, described) == ["added interface guangzhou.aid"]
    assert told(described, replace(loaded, interfaces=(aid("/rest/aid/other"),))) == ["changed interface guangzhou.aid"]


def test_what_has_no_name_here_is_still_told(living: Layout) -> None:
    loaded = read(living)
    other = replace(loaded, world=replace(loaded.world, edition="other"))
    assert told(loaded, other) == ["changed configuration other"]
