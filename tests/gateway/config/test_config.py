"""The package gives its parts when somebody asks for them, and a program waits for no part that it does not need."""

import json
import subprocess
import sys

import pytest

import gateway.config

LOADED = """
import json, sys
import gateway.config.files
first = "pydantic" in sys.modules
import gateway.app, gateway.cli.serve
print(json.dumps([first, *(name in sys.modules for name in ("pydantic", "psycopg", "aiohttp"))]))
"""


@pytest.mark.parametrize("name", gateway.config.__all__)
def test_every_name_is_found(name: str) -> None:
    assert getattr(gateway.config, name).__module__.startswith("gateway.config.")


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="has no attribute nothing"):
        _ = gateway.config.nothing


def test_whoever_reads_a_file_loads_no_models_and_a_gateway_no_driver_that_it_may_not_need() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [False, True, False, False]
