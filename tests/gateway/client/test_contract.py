"""The .proto files are found, and are those of the contract."""

from gateway.client.contract import protos
from tests.terminal import ROOT


def test_they_are_those_of_the_tree_and_import_one_another() -> None:
    found = protos()
    assert found == {each.relative_to(ROOT / "proto").as_posix(): each.read_bytes() for each in (ROOT / "proto").rglob("*.proto")}
    named = {line.split('"')[1] for text in found.values() for line in text.decode().splitlines() if line.startswith("import ")}
    assert {each for each in named if not each.startswith("google/")} <= found.keys()


def test_the_wheel_takes_them_along() -> None:
    assert '"proto" = "gateway/client/proto"' in (ROOT / "pyproject.toml").read_text()
