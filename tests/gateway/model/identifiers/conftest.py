"""What the identifier tests share: the vectors, the reference day, and Hypothesis without deadlines."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Inherits whatever profile is in force: only deadlines and the example store are taken away.
settings.register_profile("identifiers", settings(), deadline=None, database=None)
settings.load_profile("identifiers")


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """Read the published samples and made-up numbers, by kind."""
    text = Path(__file__).with_name("vectors.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.fixture(scope="session")
def today() -> date:
    """Return the day on which all numbers are read."""
    return date(2026, 1, 1)
