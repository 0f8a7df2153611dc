"""The files of Guangzhou's e-licences (证照归档文件): the licence as a page, made of its own record.

Laws: a function of the e-licence and the file type, the same each time. One licence of all has a large file, for those who measure.
"""

from adapters.guangzhou.simulator.licences import BUSINESS, Licence
from adapters.simulation import papers

KINDS = ("ofd", "pdf")
LARGE = 50_000_000
"""Bytes of the PDF of the large one, which is the business licence of the company that was registered third."""
WITHDRAWN = "ABOLISHED"
"""The licence_status of licences whose files are archived no more."""

_THIRD = "000002"
_SHOWN = ("name", "id_code", "holder_name", "holder_identity_num", "issue_org_name", "issue_date", "license_code")


def content(licence: Licence, kind: str) -> bytes:
    """The file's bytes."""
    lines = [*(licence.head[each] for each in _SHOWN), *(f"{key}: {value}" for key, value in licence.fields.items())]
    if kind == "ofd":
        return papers.ofd(lines)
    large = licence.head["license_item_code"] == BUSINESS and licence.fields["ZZBS"].split(".")[7][-6:] == _THIRD
    return papers.pdf(lines, LARGE if large else 0)
