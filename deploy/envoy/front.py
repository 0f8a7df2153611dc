"""front.yaml: what Envoy says in the gateway's place when there is too much, and the file with the addresses of another machine.

Law: who is refused by Envoy is told what the gateway would have told: the same code, words and details, and when to come again.
"""

import base64
import re
from pathlib import Path
from typing import Final

from gateway.model.refusal import Reason, Refusal
from gateway.rpc.status import worded

FILE: Final = Path(__file__).with_name("front.yaml")
_MESSAGE: Final = re.compile(r'(body: \{inline_string: ")[^"]*')
_DETAILS: Final = re.compile(r"(again after ([\d.]+) s\.\n +- header: \{key: grpc-status-details-bin, value: )[^}]*")


def spoken(text: str) -> str:
    """The file with the gateway's words for OVERLOADED, for each time that it names."""
    said = _MESSAGE.sub(lambda found: found[1] + worded(_refusal()).message, text)
    return _DETAILS.sub(lambda found: found[1] + _details(float(found[2])), said)


def adapted(listen: int, gateway: int, name: str) -> str:
    """The file for this machine: the port of both, and the name in the gateway's certificate. Raises ValueError where one is not there."""
    text = FILE.read_text()
    for before, after in (
        ("port_value: 8443", f"port_value: {listen}"),
        ("port_value: 8444", f"port_value: {gateway}"),
        ("gateway.inside.test", name),
    ):
        if before not in text:
            raise ValueError(f"{FILE.name} has no {before}")
        text = text.replace(before, after)
    return text


def _refusal() -> Refusal:
    return Refusal(Reason.OVERLOADED, "")


def _details(after: float) -> str:
    """As metadata of binary values goes over the wire: Base64 without padding (gRPC over HTTP/2)."""
    return base64.b64encode(worded(_refusal(), after=after).SerializeToString()).decode().rstrip("=")
