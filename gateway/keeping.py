"""The folder in which a gateway keeps its small records: deferred tickets, the CAs' answers and numbers, who was seen, renewals.

Laws: a folder that gateway.yaml names is its owner's only, and is made where it is not there; without one the records stand beside the
log's file, or beside gateway.yaml, and that folder is taken as it is. What keeps a gateway from writing there is known before it starts.
"""

import os
from pathlib import Path
from typing import Final

from certs import custody
from gateway.config import Loaded

_OTHERS: Final = 0o077


def fault(loaded: Loaded) -> str:
    """What keeps the records from being kept, and what to do; empty where nothing does. Reads only."""
    folder = loaded.beside.parent
    there = _existing(folder)
    if not there.is_dir():
        return f"{there} is no folder, and the gateway's small records are to lie in {folder}; correct `state` in gateway.yaml"
    if not os.access(there, os.W_OK | os.X_OK):
        return (
            f"this user cannot write in {there}, where the gateway's small records are to lie; "
            "name a folder of the gateway's own under `state` in gateway.yaml, or run this as the gateway's user"
        )
    mode = there.stat().st_mode & 0o777
    if loaded.settings.state is not None and there == folder and mode & _OTHERS:
        return f"{folder} is open to others (mode {mode:o}), and the gateway keeps its small records there; chmod 700"
    return ""


def make(loaded: Loaded) -> None:
    """The folder is there from now on, if gateway.yaml names one. Raises OSError as the system gives it."""
    if loaded.settings.state is not None:
        custody.private_folder(loaded.beside.parent)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    # Not by Path.exists, which raises where a folder above may not be entered: that one is then the nearest.
    return next(each for each in (folder, *folder.parents) if os.path.exists(each))  # noqa: PTH110
