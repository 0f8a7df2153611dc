"""The province's signed gateway (x-tif), which stands before G2 and G3: its headers, and what it says when it lets nobody through.

Laws: pure; what the gateway itself says is never a statement about a holder.
Source: docs/interfaces/guangzhou.md, G2, Headers and Envelope.
"""

from collections.abc import Mapping
from types import MappingProxyType

from adapters.connectors.json_body import write_json
from adapters.connectors.message import HttpRequest
from adapters.connectors.nesting import Tree
from adapters.connectors.signing import ClockUnit, Digest, Part, Scheme, Signer, Spelling, Stamp, signed_headers
from adapters.connectors.verdict import Meaning

SCHEME = Scheme(
    headers={Part.ACCOUNT: "x-tif-paasid", Part.MOMENT: "x-tif-timestamp", Part.NONCE: "x-tif-nonce"},
    signature_header="x-tif-signature",
    parts=(Part.MOMENT, Part.SECRET, Part.NONCE, Part.MOMENT),
    digest=Digest.SHA256,
    spelling=Spelling.HEX,
    unit=ClockUnit.SECONDS,
)

REFUSALS: Mapping[str | int, Meaning] = MappingProxyType(
    {
        4011: Meaning.REFUSED,
        4012: Meaning.REFUSED,
        4013: Meaning.REFUSED,
        4014: Meaning.REFUSED,
        4015: Meaning.REFUSED,
        4040: Meaning.REFUSED,
        5000: Meaning.UNAVAILABLE,
        5003: Meaning.UNAVAILABLE,
    }
)
"""errcode of the gateway, whichever interface was asked."""

_CONTENT = "application/json; charset=utf-8"


def signed_post(path: str, body: Tree, signer: Signer, stamp: Stamp) -> HttpRequest:
    """A question on the wire, signed."""
    headers = signed_headers(SCHEME, signer, stamp)
    headers["Content-Type"] = _CONTENT
    return HttpRequest("POST", path, headers, write_json(body))
