"""The import laws are checked by a machine, and a planted violation fails."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

VIOLATIONS = {
    "a stage that knows the network": ("gateway.stages.route", "grpc"),
    "a stage that reads the clock": ("gateway.stages.seal", "gateway.clock"),
    "a model that knows protobuf": ("gateway.model.query", "google"),
    "stages that know each other": ("gateway.stages.disclose", "gateway.stages.authorise"),
    "cities that know each other": ("adapters.foshan.f1", "adapters.guangzhou.g1"),
    "a simulator that knows the gateway": ("adapters.guangzhou.simulator.g2", "gateway.model.query"),
    "a dialect that knows asyncio": ("adapters.guangzhou.g2", "asyncio"),
    "generated code outside rpc and client": ("gateway.config.loading", "gateway.rpc.pb.v1.evidence_pb2"),
    "rpc that knows the ledger": ("gateway.rpc.server", "gateway.ledger.sqlite"),
    "an exchange that knows its app": ("gateway.exchange", "gateway.app"),
}
"""Who imports whom, and must not."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for part in ("gateway", "adapters", "certs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "160"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_house_as_it_stands_keeps_every_law(house: Path) -> None:
    found = lint(house)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.fixture(scope="module")
def told(house: Path) -> str:
    """What is said of the house with all violations planted in it: each is named by itself, and to read the house takes long."""
    before = {_file(house, module): _file(house, module).read_text() for module, _ in VIOLATIONS.values()}
    for module, imported in VIOLATIONS.values():
        with _file(house, module).open("a") as file:
            file.write(f"\nimport {imported}\n")
    try:
        found = lint(house)
    finally:
        for file, text in before.items():
            file.write_text(text)
    assert found.returncode == 1
    assert "BROKEN" in found.stdout
    return found.stdout


def _file(house: Path, module: str) -> Path:
    return house / f"{module.replace('.', '/')}.py"


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_is_found(told: str, name: str) -> None:
    module, imported = VIOLATIONS[name]
    assert re.search(rf"^- +{re.escape(module)} -> {re.escape(imported)} \(l\.[0-9]+\)$", told, re.MULTILINE)
