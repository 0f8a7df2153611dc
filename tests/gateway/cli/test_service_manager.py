"""The service manager is told where it wants to hear, once, and whom we start does not hear of it."""

import os
import socket
from pathlib import Path

import pytest

from gateway.cli.service_manager import ServiceManager


@pytest.mark.parametrize("prefix", ["", "@"])
def test_it_is_told_by_a_path_and_by_an_abstract_name(tmp_path: Path, prefix: str) -> None:
    name = f"kuacheng-{os.getpid()}" if prefix else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if prefix else name)
        environment = {"NOTIFY_SOCKET": prefix + name, "LANG": "C"}
        told = ServiceManager.taken(environment)
        assert environment == {"LANG": "C"}
        told.serves("serving on 127.0.0.1:8443")
        assert manager.recv(200) == b"READY=1\nSTATUS=serving on 127.0.0.1:8443"


def test_nobody_is_told_where_nobody_asked() -> None:
    ServiceManager.taken({}).serves("serving")


def test_a_manager_that_cannot_be_told_is_an_error_for_it_would_wait(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere.*start without it"):
        ServiceManager.taken({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).serves("serving")
