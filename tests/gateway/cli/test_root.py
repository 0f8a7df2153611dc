"""The command as a person meets it: quick help, every command documented, completion, wrong use."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.cli.root import _COMMANDS


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100"})


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from gateway.cli import main;"
        "r = CliRunner().invoke(main, ['--help']); print(r.output);"
        "heavy = ('grpc', 'pydantic', 'aiohttp', 'rich', 'cryptography', 'prometheus_client');"
        "sys.exit(r.exit_code or any(each in sys.modules for each in heavy))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    for name in _COMMANDS:
        assert f"\n  {name} " in found.stdout


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_help_that_begins_as_the_list_promises(name: str) -> None:
    found = CliRunner().invoke(main, [name, "--help"])
    assert found.exit_code == 0
    assert found.output.startswith(f"Usage: main {name}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(shell: str) -> None:
    found = CliRunner().invoke(main, ["completion", shell])
    assert found.exit_code == 0
    assert "_KUACHENG_COMPLETE" in found.output


def test_completion_completes_in_a_real_bash() -> None:
    environment = {**os.environ, "_KUACHENG_COMPLETE": "bash_complete", "COMP_WORDS": "kuacheng le", "COMP_CWORD": "1"}
    code = "from gateway.cli import main; main(prog_name='kuacheng')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert "ledger" in found.stdout


def test_wrong_use_is_status_two_and_says_what_there_is() -> None:
    found = run("frobnicate")
    assert found.returncode == 2
    assert "No such command 'frobnicate'" in found.stderr
    assert run("ledger", "list", "--limit", "0").returncode == 2


def test_a_missing_configuration_says_so() -> None:
    found = run("config", "check", "-c", "nowhere.yaml")
    assert found.returncode == 1
    assert "nowhere.yaml" in found.stderr
    told = json.loads(run("config", "check", "-c", "nowhere.yaml", "-o", "json").stdout)
    assert told["problems"][0]["file"] == "nowhere.yaml"


def test_a_query_without_anything_says_what_is_missing(tmp_path: object) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "query", "business-licence"],
        capture_output=True,
        text=True,
        check=False,
        cwd=str(tmp_path),
    )
    assert found.returncode == 2
    assert "kuacheng dev" in found.stderr
    assert "Traceback" not in found.stderr
