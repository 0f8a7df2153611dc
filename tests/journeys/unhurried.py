"""How the gateways of these tests are set, so that a machine that stands still for a moment does not decide how a question ends.

Law: what is kept back from the city is ours for recording, sealing and delivering that it was silent; the caller waits no longer for it.
"""

from pathlib import Path

from gateway.workers.control import ask, beside

SHORT_DEADLINE, MARGIN = 5.0, 3.0
"""Of a question that the city lets wait, in seconds: the city has the difference."""
_LIMITS = f"limits: {{answer_margin: {MARGIN:.0f}s, minimum_deadline: {MARGIN + 0.5:.1f}s}}\n"


async def unhurried(config: Path) -> None:
    """Has the gateway that runs by this configuration keep back the margin, from now on and when it is started again."""
    _set(config)
    answer = await ask(beside(config), {"do": "reload", "trigger": "command", "dry_run": False})
    assert answer["result"] == "applied", answer


def _set(config: Path) -> None:
    config.write_text(config.read_text() + _LIMITS)
