"""How long the command takes to say what it can do."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median


def help_seconds(runs: int = 5) -> float:
    """Median of some runs of `kuacheng --help`."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([str(Path(sys.executable).with_name("kuacheng")), "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    return median(took)
