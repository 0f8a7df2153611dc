"""The import laws are checked by a machine, and a planted violation fails."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

VIOLATIONS = {
    "a stage that knows the network": ("gateway/stages/route.py", "import grpc"),
    "a stage that reads the clock": ("gateway/stages/seal.py", "from gateway.clock import SystemClock"),
    "a model that knows protobuf": ("gateway/model/query.py", "import google.protobuf"),
    "stages that know each other": ("gateway/stages/disclose.py", "import gateway.stages.authorise"),
    "cities that know each other": ("adapters/foshan/f1.py", "import adapters.guangzhou.g1"),
    "a simulator that knows the gateway": ("adapters/guangzhou/simulator/g2.py", "import gateway.model.query"),
    "a dialect that knows asyncio": ("adapters/guangzhou/g2.py", "import asyncio"),
    "generated code outside rpc and client": ("gateway/config/loading.py", "import gateway.rpc.pb.v1.evidence_pb2"),
    "rpc that knows the ledger": ("gateway/rpc/server.py", "import gateway.ledger.sqlite"),
    "an exchange that knows its app": ("gateway/exchange.py", "import gateway.app"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for part in ("gateway", "adapters", "certs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_house_as_it_stands_keeps_every_law(house: Path) -> None:
    found = lint(house)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_planted_violation_is_found(house: Path, name: str) -> None:
    file, line = VIOLATIONS[name]
    path = house / file
    before = path.read_text()
    path.write_text(f"{before}\n{line}\n")
    try:
        found = lint(house)
    finally:
        path.write_text(before)
    assert found.returncode == 1
    assert "BROKEN" in found.stdout
