"""What a departmental system imports to ask through the gateway: typed questions, typed answers, typed refusals.

async with Client("gateway.example:8443", identity) as client:
    answer = await client.query(evidence_type="business-licence", region="440600", holder=..., purpose=..., legal_basis=...)
"""

from gateway.client.answer import Answer, Deferral, Outcome, Paper, Progress, Provenance
from gateway.client.connection import Client
from gateway.client.directory import Described, Offered, RegionOffered
from gateway.client.downloading import Announced, Download
from gateway.client.failure import ClientFailure, OutcomeUnknown, QueryRefused, Unreachable
from gateway.client.identity import Identity, IdentityUnusable
from gateway.client.proving import Proven, ReceiptRefused
from gateway.client.receipt import Claim, Fetched, Intent, Receipt, Verified
from gateway.client.usage import Usage, UsagePage, UsageSearch
from gateway.client.verification import Verification
from gateway.model.evidence import Coded, EvidenceHolder, Holders, Period, Rows, Value, Verdict
from gateway.model.query import (
    Claimed,
    Holder,
    HolderType,
    LegalBasis,
    LegalBasisKind,
    MonthRange,
    Operator,
    PresentedCode,
    Purpose,
)

__all__ = [
    "Announced",
    "Answer",
    "Claim",
    "Claimed",
    "Client",
    "ClientFailure",
    "Coded",
    "Deferral",
    "Described",
    "Download",
    "EvidenceHolder",
    "Fetched",
    "Holder",
    "HolderType",
    "Holders",
    "Identity",
    "IdentityUnusable",
    "Intent",
    "LegalBasis",
    "LegalBasisKind",
    "MonthRange",
    "Offered",
    "Operator",
    "Outcome",
    "OutcomeUnknown",
    "Paper",
    "Period",
    "PresentedCode",
    "Progress",
    "Proven",
    "Provenance",
    "Purpose",
    "QueryRefused",
    "Receipt",
    "ReceiptRefused",
    "RegionOffered",
    "Rows",
    "Unreachable",
    "Usage",
    "UsagePage",
    "UsageSearch",
    "Value",
    "Verdict",
    "Verification",
    "Verified",
]
