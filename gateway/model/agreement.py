"""Who may ask which evidence of which region, for which matters, on which basis, seeing which fields, until when.

Deny by default: what no agreement names is refused. An empty set names nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.model.query import LegalBasisKind


@dataclass(frozen=True, slots=True)
class Grant:
    """What of one evidence type (by canonical code) may be seen, what verified, and whether its file downloaded: none implies another.

    With `holder_present` all of it only of a holder who is there and shows a code (亮证), never by a number.
    """

    evidence_type: str
    fields: frozenset[str]
    verifiable: frozenset[str] = frozenset()
    download: bool = False
    holder_present: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """That exchanges are left out of what a holder is shown of the uses of their data.

    By which authority (its decision's number), and until when; None is for good. A mark stands in each entry as it was then.
    """

    authority: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement. `systems` None means every system of the department. In force for valid_from <= now < valid_to.

    `region` is whose authority vouches for the department: another region's may write the same credit code into a certificate.
    """

    id: str
    region: str
    department: str
    department_name: str
    systems: frozenset[str] | None
    provider_region: str
    grants: Mapping[str, Grant]
    matters: frozenset[str]
    legal_bases: frozenset[LegalBasisKind]
    valid_from: datetime
    valid_to: datetime
    hidden: Hidden | None = None
