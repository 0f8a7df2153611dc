"""The names in Kuacheng's certificates: the SPIFFE URIs of departments' systems, of cities' systems and of gateways.

Laws: what is built here is a SPIFFE ID, whatever was put in. To read whose name a caller bears is a judgement, and
belongs to `gateway.stages.identify`.
Standard: SPIFFE-ID, sections 2.1 (trust domain), 2.2 (path) and 2.3 (length).
"""

import re
from typing import Final

MAX_BYTES: Final = 2048

_TRUST_DOMAIN: Final = re.compile(r"[a-z0-9._-]{1,255}", re.ASCII)
_SEGMENT: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]+", re.ASCII)


def department_system(trust_domain: str, credit_code: str, system: str) -> str:
    """One program of a department: `spiffe://<region trust domain>/department/<credit code>/system/<name>`.

    The credit code (统一社会信用代码) is taken as it stands: its checks are the issuer's duty and the gateway's.
    Raises ValueError where a part breaks the SPIFFE grammar.
    """
    return _build(trust_domain, "department", credit_code, "system", system)


def city_system(trust_domain: str, name: str) -> str:
    """A city's own system, which is asked: `spiffe://<region trust domain>/city/<name>`. Raises ValueError as above."""
    return _build(trust_domain, "city", name)


def gateway(trust_domain: str, name: str) -> str:
    """A gateway: `spiffe://<gateway trust domain>/gateway/<name>`. Raises ValueError as above."""
    return _build(trust_domain, "gateway", name)


def is_segment(text: str) -> bool:
    """Whether the text may stand between two slashes of a SPIFFE path; such a text is a safe file name, too."""
    return _SEGMENT.fullmatch(text) is not None


def is_spiffe_id(uri: str) -> bool:
    """Whether the URI is a SPIFFE ID that names something inside a trust domain."""
    scheme, _, rest = uri.partition("://")
    trust_domain, *path = rest.split("/")
    named = bool(path) and all(map(is_segment, path))
    return scheme == "spiffe" and _TRUST_DOMAIN.fullmatch(trust_domain) is not None and named and len(uri) <= MAX_BYTES


def _build(trust_domain: str, *path: str) -> str:
    if _TRUST_DOMAIN.fullmatch(trust_domain) is None:
        message = f"trust domain {trust_domain!r}: use 1 to 255 of a-z, 0-9, '.', '-' and '_'"
        raise ValueError(message)
    for segment in path:
        if not is_segment(segment):
            message = f"part {segment!r} of a SPIFFE path: use A-Z, a-z, 0-9, '.', '-' and '_', but not '.' or '..' alone"
            raise ValueError(message)
    uri = f"spiffe://{trust_domain}/{'/'.join(path)}"
    if len(uri) > MAX_BYTES:
        message = f"a SPIFFE ID has at most {MAX_BYTES} bytes, this one {len(uri)}"
        raise ValueError(message)
    return uri
