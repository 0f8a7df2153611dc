"""The container file, really built and run by podman: `make test-image`, as root.

Apart from `make test`, because it takes minutes and the network.
The base is made of Debian's packages (deploy/container/base.sh), or is the image that BASE names.
"""

import asyncio
import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.client import Unreachable
from tests.deploy.engine import make, podman, run
from tests.deploy.office import FRONT, STATE, Office, holds, office
from tests.terminal import ROOT

pytestmark = [pytest.mark.needs("podman"), pytest.mark.timeout(600)]
USER = 10001
IMAGE = "localhost/kuacheng-tried"
GATEWAY = "kuacheng-tried"
MIB = 1 << 20
MOST = 150 * MIB
"""Of its own, over the base."""
LOOK = """
import json, os, shutil
from importlib.metadata import distributions
files = [os.path.join(at, name) for top in ("/opt", "/var/lib/kuacheng", "/run/kuacheng", "/etc/kuacheng", "/home", "/src", "/wheels")
         for at, _, names in os.walk(top) for name in names]
print(json.dumps({"user": os.getuid(), "dists": {each.name.lower().replace("_", "-"): each.version for each in distributions()},
                  "files": files, "tools": [each for each in ("cc", "gcc", "make", "git") if shutil.which(each)]}))
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    base = os.environ.get("BASE", "")
    if not base:
        base = f"{IMAGE}-base"
        make("image-base", BASE=base)
    make("image", BASE=base, IMAGE=IMAGE)
    size = {name: int(podman("image", "inspect", "--format", "{{.Size}}", name)) for name in (IMAGE, base)}
    print(f"\n{IMAGE}: {size[IMAGE] / MIB:.0f} MiB, of which the base {size[base] / MIB:.0f} MiB")  # noqa: T201  what is measured is told
    assert size[IMAGE] - size[base] < MOST
    yield IMAGE
    podman("rmi", "--force", IMAGE, *([] if "BASE" in os.environ else [base]))


@pytest.fixture(scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with office(tmp_path_factory.mktemp("office"), USER) as up:
        yield up


def bound(there: Office, folder: Path) -> list[str]:
    """The volumes that docs/deploying.md gives it."""
    state = folder / "state"
    (state / "front").mkdir(parents=True)
    state.chmod(0o700)
    for each in (state, state / "front"):
        os.chown(each, USER, USER)
    mounts = {f"{there.etc}": "/etc/kuacheng:ro", f"{state}": STATE, f"{there.front}": FRONT}
    own = "type=tmpfs,dst=/run/kuacheng,tmpfs-mode=0700,chown=true"
    return [f"--volume={here}:{place}" for here, place in mounts.items()] + [f"--mount={own}"]


async def test_it_holds_what_the_lock_names_and_no_key_tool_or_test(image: str) -> None:
    said = json.loads(run(image, "-c", LOOK, flags=("--rm", "--entrypoint=python3")))
    named = dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert said["user"] == USER
    assert said["tools"] == []
    assert said["dists"].pop("kuacheng")
    assert said["dists"].items() <= named.items()
    assert not {"pytest", "hypothesis", "mypy", "ruff", "pip", "hatchling"} & set(said["dists"])
    assert [
        each
        for each in said["files"]
        if each.endswith((".key", ".pem")) and not each.endswith("grpc/_cython/_credentials/roots.pem")
    ] == []
    assert [each for each in said["files"] if not each.startswith("/opt/kuacheng/")] == []


async def test_it_checks_serves_answers_reloads_and_lets_those_inside_finish(image: str, there: Office, tmp_path: Path) -> None:
    volumes = bound(there, tmp_path)
    assert "fine" in run(image, "config", "check", flags=("--rm", *volumes))
    run(image, "check", flags=("--rm", *volumes))
    run(image, flags=("--detach", "--name", GATEWAY, *volumes))
    try:
        await holds(lambda: "serving" in podman("exec", GATEWAY, "kuacheng", "health", status=None).splitlines())
        assert str((await there.ask()).outcome) == "ISSUED"
        assert "in force" in podman("exec", GATEWAY, "kuacheng", "reload")
        podman("exec", GATEWAY, "kuacheng", "check")
        ends, began = await ended_under_questions(there)
        assert set(ends) <= {"ISSUED", "UNAVAILABLE"}, ends
        assert ends["ISSUED"] > 0
        print(f"\nended in {time.monotonic() - began:.1f} s under questions: {dict(ends)}")  # noqa: T201
        assert podman("inspect", "--format", "{{.State.ExitCode}}", GATEWAY).strip() == "0"
    finally:
        podman("rm", "--force", GATEWAY)
    said = json.loads(run(image, "ledger", "verify", "-o", "json", flags=("--rm", *volumes)))
    assert (said["sound"], said["open_exchanges"]) == (True, [])


async def ended_under_questions(there: Office) -> tuple[Counter[str], float]:
    """How the questions ended that were being asked while it was told to end."""
    ends: Counter[str] = Counter()

    async def ask() -> None:
        while not stopped.done():
            try:
                ends[str((await there.ask()).outcome)] += 1
            except Unreachable:
                ends["UNAVAILABLE"] += 1

    began = time.monotonic()
    stopped = asyncio.ensure_future(asyncio.to_thread(podman, "stop", "--time=30", GATEWAY))
    await asyncio.gather(stopped, *(ask() for _ in range(3)))
    return ends, began


async def test_it_runs_in_a_pod_as_the_manifest_mounts_it(image: str, there: Office, tmp_path: Path) -> None:
    """A folder for each volume, with the rights that a kubelet gives it, and the manifest's own commands."""
    pod = manifest()
    folders = laid_as_volumes(there, tmp_path)
    copy, gateway = pod["initContainers"][0], pod["containers"][0]
    for _ in range(2):  # a pod that is begun anew keeps its volumes
        run(image, *copy["command"][1:], flags=("--rm", f"--entrypoint={copy['command'][0]}", *mounted(copy, folders)))
    volumes = [*mounted(gateway, folders), f"--volume={there.front}:{FRONT}"]
    said = run(image, "check", flags=("--rm", *volumes))
    assert "×" not in said
    env = [f"--env={each['name']}={each['value']}" for each in gateway["env"]]
    run(image, *gateway["args"], flags=("--detach", "--name", GATEWAY, *env, *volumes))
    try:
        probe = gateway["startupProbe"]["exec"]["command"]
        await holds(lambda: "serving" in podman("exec", GATEWAY, *probe, status=None).splitlines())
        assert str((await there.ask()).outcome) == "ISSUED"
        podman("exec", GATEWAY, *gateway["lifecycle"]["preStop"]["exec"]["command"])
        podman("stop", "--time=30", GATEWAY)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", GATEWAY).strip() == "0"
    finally:
        podman("rm", "--force", GATEWAY)


def gateways() -> Any:
    every = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "kuacheng.yaml").read_text())
    return next(each for each in every if each["kind"] == "StatefulSet")["spec"]


def manifest() -> Any:
    return gateways()["template"]["spec"]


def laid_as_volumes(there: Office, folder: Path) -> dict[str, Path]:
    """Secret and ConfigMap of flat names, root's; an emptyDir is open to everybody, and so is a claim here."""
    claimed = [each["metadata"]["name"] for each in gateways()["volumeClaimTemplates"]]
    folders = {name: folder / name for name in (*(each["name"] for each in manifest()["volumes"]), *claimed)}
    for each in folders.values():
        each.mkdir()
        each.chmod(0o2777)
    text = (there.etc / "gateway.yaml").read_text()
    for file in (each for part in ("material/current", "secrets") for each in (there.etc / part).rglob("*") if each.is_file()):
        own = file.relative_to(there.etc)
        flat = "-".join(own.parts[1:] if own.parts[0] == "secrets" else own.parts[2:])
        shutil.copy(file, folders["given"] / flat)
        (folders["given"] / flat).chmod(0o440)
        os.chown(folders["given"] / flat, 0, USER)
        text = text.replace(f"file: {own}}}", f"file: material/{flat}}}")
    (folders["config"] / "gateway.yaml").write_text(text.replace("agreements: [agreements]", "agreements: [agreements.yaml]"))
    shutil.copy(there.etc / "agreements" / "development.yaml", folders["config"] / "agreements.yaml")
    shutil.copy(there.etc / "search-rights.yaml", folders["config"])
    (folders["config"] / "material").mkdir()  # a kubelet makes the places of mounts inside mounts
    (folders["state"] / "front").mkdir()
    records = folders["state"] / "records"  # of a claim that a kubelet has opened to the pod's group, as it may at any mount
    records.mkdir()
    os.chown(records, USER, USER)
    records.chmod(0o2770)
    return folders


def mounted(container: Any, folders: dict[str, Path]) -> list[str]:
    return [
        f"--volume={folders[each['name']] / each.get('subPath', '')}:{each['mountPath']}{':ro' if each.get('readOnly') else ''}"
        for each in container["volumeMounts"]
    ]
