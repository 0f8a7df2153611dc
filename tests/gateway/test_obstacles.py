"""What keeps a gateway from starting: `kuacheng config check` and the start tell the same, of whatever is wrong with a system."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from adapters.registry import CREDENTIALS
from gateway.app import gateway
from gateway.cli import main
from gateway.config import ConfigError, load
from gateway.connecting import PROGRAMS
from gateway.development.layout import CITIES, FRONTS, INTERFACES, Layout
from gateway.obstacles import material_findings, obstacles, problems

SYSTEMS = [(region, name) for region, names in INTERFACES.items() for name in names]
CREDENTIALS_OF = [(*each, name) for each in SYSTEMS for name in sorted(CREDENTIALS[f"{CITIES[each[0]]}.{each[1]}"])]
KEYS = {"aes_key", "sm4_key", "private_key", "platform_key"}
"""Credentials that have a form; all others are texts, of which nobody but the city knows whether they are the right ones."""


@pytest.fixture
def copy(living: Layout) -> Iterator[Path]:
    """A second gateway.yaml beside the first, to be broken."""
    path = living.config.with_name("broken.yaml")
    path.write_bytes(living.config.read_bytes())
    yield path
    path.unlink()


def broken(path: Path, region: str, system: str, key: str, value: str) -> int:
    """Gives the key of the system another value; its line, from 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"        connector: {CITIES[region]}.{system}")
    at = next(number for number in range(start, len(lines)) if lines[number].strip().startswith(f"{key}:"))
    lines[at] = f"{lines[at].partition(':')[0]}: {value}"
    path.write_text("\n".join(lines), encoding="utf-8")
    return at + 1


def wrong(path: Path) -> str:
    """A reference to a secret that is no key."""
    secret = path.with_name("secrets") / "wrong"
    secret.write_text("no-key-at-all")
    secret.chmod(0o600)
    return "{file: secrets/wrong}"


def checked(path: Path) -> tuple[int, list[str]]:
    """Status and problems of `kuacheng config check`."""
    done = CliRunner().invoke(main, ["config", "check", "-c", str(path)])
    return done.exit_code, done.stderr.splitlines()


def begun(path: Path) -> list[str]:
    """What keeps a gateway from starting; empty where it serves."""

    async def serve() -> None:
        async with gateway(load(path, {}, programs=PROGRAMS), io.StringIO()):
            pass

    try:
        asyncio.run(serve())
    except ConfigError as error:
        return [str(each) for each in error.problems]
    return []


@pytest.mark.parametrize(("region", "system", "name"), [each for each in CREDENTIALS_OF if each[-1] in KEYS])
def test_each_key_that_is_none_is_told_by_both_where_it_is_named(copy: Path, region: str, system: str, name: str) -> None:
    line = broken(copy, region, system, name, wrong(copy))
    status, (told,) = checked(copy)
    assert (status, begun(copy)) == (1, [told])
    here = f"regions.{region}.systems.{system}.credentials.{name}"
    assert told.startswith(f"{copy}:{line}:{len(name) + 13}: {here}: the credential {name} ")
    assert "no-key-at-all" not in told


def test_texts_of_which_only_the_city_knows_keep_neither_from_its_work(copy: Path) -> None:
    for region, system, name in CREDENTIALS_OF:
        if name not in KEYS:
            broken(copy, region, system, name, wrong(copy))
    assert (checked(copy), begun(copy)) == ((0, []), [])


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:1",
        "sqlite:///front.db",
        "postgresql://127.0.0.1:1/front",
        pytest.param(f"https://{'城' * 64}", id="no host"),
    ],
)
def test_each_address_that_is_none_is_told_by_both_where_it_is_written(copy: Path, url: str) -> None:
    expected = []
    for region, system in SYSTEMS:
        line = broken(copy, region, system, "url", url)
        serves = not url.startswith("https:") if system in FRONTS else url == "https://127.0.0.1:1"
        expected += [] if serves else [f"{copy}:{line}:14: regions.{region}.systems.{system}.url: the url must be "]
    status, told = checked(copy)
    assert (status, begun(copy)) == (1, told)
    assert [each.startswith(begin) for each, begin in zip(told, expected, strict=True)] == [True] * len(expected)


def test_a_key_of_another_cipher_is_told_before_anybody_is_asked(copy: Path) -> None:
    line = broken(copy, "440600", "f3", "private_key", "{file: secrets/440600-f3-sm4_key}")
    (told,) = begun(copy)
    assert checked(copy) == (1, [told])
    assert told.startswith(
        f"{copy}:{line}:24: regions.440600.systems.f3.credentials.private_key: the credential private_key does not "
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_serve_tells_what_config_check_tells_and_no_traceback(copy: Path, workers: int) -> None:
    broken(copy, "440600", "f2", "aes_key", "{file: secrets/440600-f2-sid}")
    status, (told,) = checked(copy)
    command = (sys.executable, "-m", "gateway.cli", "serve", "-c", str(copy), "--workers", str(workers))
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr == (f"{told}\n" if workers == 1 else f"the gateway does not start: {told}\n")


def test_programs_get_each_problem_with_its_place(copy: Path) -> None:
    line = broken(copy, "440600", "f4", "url", "https://127.0.0.1:1")
    found = CliRunner().invoke(main, ["config", "check", "-c", str(copy), "-o", "json"])
    assert f'"file": "{copy}", "line": {line}, "column": 14, "path": "regions.440600.systems.f4.url", "message": ' in found.stdout


def test_a_sound_configuration_has_no_obstacles(living: Layout) -> None:
    loaded = load(living.config, {}, programs=PROGRAMS)
    assert (problems(loaded), obstacles(loaded), material_findings(loaded)) == ((), (), ())


def test_what_is_wrong_with_an_authority_is_told_where_it_is_named(living: Layout) -> None:
    loaded = load(living.config, {})
    system = replace(loaded.systems["foshan.f1"], authorities=loaded.server.certificate)
    (told,) = {
        (each.path, each.line)
        for each in material_findings(replace(loaded, systems=MappingProxyType({**loaded.systems, "foshan.f1": system})))
    }
    at = ("regions", "440600", "systems", "f1", "authorities")
    assert told == ("regions.440600.systems.f1.authorities", loaded.document.mark(at).line)
