"""How the gateways of these tests are set, so that a machine that stands still for a moment does not decide how a question ends.

Law: what is kept back from the city is ours for recording, sealing and delivering that it was silent; the caller waits no longer for it.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gateway.workers.control import ask, beside

SHORT_DEADLINE, MARGIN = 5.0, 3.0
"""Of a question that the city lets wait, in seconds: the city has the difference."""
_LIMITS = f"limits: {{answer_margin: {MARGIN:.0f}s, minimum_deadline: {MARGIN + 0.5:.1f}s}}\n"


async def unhurried(config: Path) -> None:
    """Has the gateway that runs by this configuration keep back the margin, from now on and when it is started again."""
    await applied(config, lambda text: text + _LIMITS)


async def applied(config: Path, change: Callable[[str], str]) -> None:
    """Has it take up the same configuration with this change."""
    _change(config, change)
    answer = await ask(beside(config), {"do": "reload", "trigger": "command", "dry_run": False})
    assert answer["result"] == "applied", answer


def _change(config: Path, change: Callable[[str], str]) -> None:
    config.write_text(change(config.read_text()))


def waiting(systems: str, seconds: float) -> Callable[[str], str]:
    """The change by which so long is waited for one answer of these systems, a pattern of their connectors."""
    return partial(re.sub, rf"(\n +)connector: {systems}\b.*", rf"\g<0>\g<1>timeout: {seconds:.0f}s")
