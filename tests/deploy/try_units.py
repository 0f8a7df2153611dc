"""The units, under a real systemd: `make test-units`, as root; apart from `make test`, because it takes minutes and the network.

A Debian is made of packages, what docs/deploying.md says is done in it, and it is booted by systemd-nspawn, on the network of this machine.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deploy.office import FRONT, PATIENCE, STATE, Office, holds, office
from tests.terminal import ROOT, commands

pytestmark = [pytest.mark.needs("nspawn"), pytest.mark.timeout(300)]
UNITS = ROOT / "deploy" / "systemd"
TIMERS = sorted(each.name for each in UNITS.glob("*.timer"))
MOST_EXPOSED = 1.2
_PACKAGES = "systemd,systemd-sysv,dbus,procps,python3,python3-venv,ca-certificates"
_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Machine:
    """A Debian that is up."""

    root: Path
    first: int
    """Its first process, by our number."""

    def run(self, *command: str, status: int | None = 0) -> str:
        """What it prints there, on both outputs; it must end with this status, if one is named."""
        into = ("nsenter", f"--target={self.first}", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd")
        done = subprocess.run(
            [*into, "env", "-i", _PATH, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert status is None or done.returncode == status, f"{' '.join(command)}\n{done.stdout}\n{self.journal()}"
        return done.stdout

    def property(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", f"--property={name}", "--value", unit).strip()

    def journal(self, unit: str = "kuacheng") -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}", status=None)

    def serves(self) -> bool:
        said = self.run("sh", "-c", f"{ENVIRONMENT}; /opt/kuacheng/bin/kuacheng health", status=None)
        return "serving" in said.splitlines()


def typed(beginning: str) -> str:
    """The one command of the page that begins so."""
    (found,) = (each for each in commands("docs/deploying.md") if each.startswith(beginning))
    return found


ENVIRONMENT = typed("export KUACHENG_CONFIG=")
INSTALLING = tuple(
    typed(each)
    for each in (
        "useradd --system",
        "python3 -m venv /opt/kuacheng",
        "/opt/kuacheng/bin/pip install --no-index",
        "chown -R root:kuacheng",
        "chown -R kuacheng:kuacheng",
        "cp deploy/systemd",
        "systemctl daemon-reload",
        "systemctl enable",
    )
)


@pytest.fixture(scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with office(tmp_path_factory.mktemp("office"), owner=0) as up:
        yield up


@pytest.fixture(scope="module")
def machine(there: Office) -> Iterator[Machine]:
    with TemporaryDirectory(dir="/var/tmp", prefix="kuacheng-units-") as folder:  # a whole system would fill what lies in memory
        root = Path(folder) / "root"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", root], check=True)
        make_wheels(root / "root" / "dist" / "wheels")
        shutil.copytree(UNITS, root / "root" / "deploy" / "systemd")
        shutil.copytree(there.etc, root / "etc" / "kuacheng", symlinks=True)
        with booted(root, there.front) as up:
            for each in INSTALLING:
                up.run("sh", "-c", f"cd /root && {each}")
            yield up


def make_wheels(folder: Path) -> None:
    """Where there is a network, for the Python of that Debian."""
    command = ["deploy/wheels.sh", folder]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHON": "/usr/bin/python3"}, capture_output=True, check=True)


def first_process(nspawn: subprocess.Popen[bytes]) -> int:
    """Whose child it is that became a systemd; those before it only prepare."""
    children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
    while nspawn.poll() is None:
        for each in children.read_text().split():
            with suppress(OSError):
                if Path(f"/proc/{each}/comm").read_text() == "systemd\n":
                    return int(each)
    raise AssertionError(f"systemd-nspawn ended with {nspawn.returncode}")


@contextmanager
def booted(root: Path, front: Path) -> Iterator[Machine]:
    command = [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        f"--directory={root}",
        f"--bind={front}:{FRONT}",
    ]
    with (root.parent / "console").open("wb") as console:
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    try:
        up = Machine(root, first_process(nspawn))
        up.run("timeout", str(PATIENCE), "sh", "-c", "until systemctl is-active --quiet multi-user.target; do sleep 0.2; done")
        yield up
    finally:
        nspawn.terminate()
        nspawn.wait(60)


async def test_installed_as_the_page_says_it_serves_and_may_do_no_more_than_it_must(there: Office, machine: Machine) -> None:
    await holds(machine.serves)
    assert str((await there.ask()).outcome) == "ISSUED"
    first = machine.property("kuacheng", "MainPID")
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{first}/status").splitlines() if ":\t" in line)
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)
    assert status["Uid"].split()[0] != "0"
    for place, may in {
        STATE: True,
        "/run/kuacheng": True,
        "/etc/kuacheng": False,
        "/opt/kuacheng": False,
        "/var/log": False,
    }.items():
        machine.run("nsenter", f"--target={first}", "--mount", "touch", f"{place}/tried", status=0 if may else 1)
    for unit in sorted(UNITS.glob("*.service")):
        machine.run("systemd-analyze", "security", "--no-pager", f"--threshold={int(MOST_EXPOSED * 10)}", unit.name)


async def test_the_threads_of_grpc_wait_for_their_turn_there_too(there: Office, machine: Machine) -> None:
    await holds(machine.serves)
    assert str((await there.ask()).outcome) == "ISSUED"
    each_thread = (
        'for each in /proc/[0-9]*/task/*; do grep -qsx event_engine "$each/comm" && chrt --pid "${each##*/}"; done; true'
    )
    said = [line for line in machine.run("sh", "-c", each_thread).splitlines() if "scheduling policy" in line]
    assert said
    assert {line.rpartition(": ")[2] for line in said} == {"SCHED_BATCH"}


async def test_an_operator_looks_with_the_environment_of_the_page(machine: Machine) -> None:
    said = machine.run(
        "sh", "-c", f"{ENVIRONMENT}; setpriv --reuid=kuacheng --regid=kuacheng --clear-groups /opt/kuacheng/bin/kuacheng check"
    )
    assert "×" not in said


async def test_reload_takes_files_up_and_a_restart_ends_in_order(there: Office, machine: Machine) -> None:
    first = machine.property("kuacheng", "MainPID")
    machine.run("systemctl", "reload", "kuacheng")
    assert "in force in 2 processes" in machine.journal()
    assert machine.property("kuacheng", "MainPID") == first
    machine.run("systemctl", "restart", "kuacheng")
    assert machine.serves()
    assert machine.property("kuacheng", "MainPID") != first
    assert "with 2 workers" in machine.property("kuacheng", "StatusText")
    assert "SIGKILL" not in machine.journal()
    assert str((await there.ask()).outcome) == "ISSUED"


async def test_what_is_killed_comes_back(there: Office, machine: Machine) -> None:
    first = machine.property("kuacheng", "MainPID")
    machine.run("pkill", "--signal=KILL", "--oldest", "--full", "--", "--seat 0")
    await holds(lambda: "a worker ended and is replaced" in machine.journal())
    assert machine.property("kuacheng", "MainPID") == first
    machine.run("kill", "-KILL", first)
    await holds(lambda: machine.property("kuacheng", "NRestarts") == "1" and machine.serves())
    assert str((await there.ask()).outcome) == "ISSUED"


@pytest.mark.parametrize("timer", TIMERS)
async def test_a_timer_looks_when_its_time_has_come(machine: Machine, timer: str) -> None:
    unit = timer.replace(".timer", ".service")
    assert machine.property(timer, "ActiveState") == "active"
    at_once(machine, timer)
    await holds(lambda: "Finished" in machine.journal(unit))
    assert machine.property(unit, "Result") == "success"


async def test_a_finding_is_a_unit_that_failed(machine: Machine) -> None:
    machine.run("chmod", "644", "/etc/kuacheng/material/current/client.key")
    machine.run("systemctl", "start", "kuacheng-certs.service", status=1)
    machine.run("chmod", "600", "/etc/kuacheng/material/current/client.key")
    await holds(lambda: "client.key" in machine.journal("kuacheng-certs"))  # the journal is written after the unit has ended
    machine.run("systemctl", "start", "kuacheng-certs.service")


def at_once(machine: Machine, timer: str) -> None:
    """For this timer it is time in a second."""
    folder = f"/run/systemd/system/{timer}.d"
    text = "[Timer]\nOnCalendar=\nOnActiveSec=1\nRandomizedDelaySec=0\nAccuracySec=1\n"
    machine.run(
        "sh",
        "-c",
        f"mkdir -p {folder} && printf '{text}' > {folder}/now.conf && systemctl daemon-reload && systemctl restart {timer}",
    )
