"""What a departmental system imports to ask through the gateway: typed questions, typed answers, typed refusals.

async with Client("gateway.example:8443", identity) as client:
    answer = await client.query(evidence_type="business-licence", region="440600", holder=..., purpose=..., legal_basis=...)
"""

from gateway.client.answer import Answer, Outcome, Paper, Provenance, Receipt
from gateway.client.connection import Client, Identity
from gateway.client.directory import Described, Offered
from gateway.client.failure import ClientFailure, OutcomeUnknown, QueryRefused, Unreachable
from gateway.model.evidence import Coded, EvidenceHolder, Holders, Period, Rows, Value
from gateway.model.query import Holder, HolderType, LegalBasis, LegalBasisKind, MonthRange, Operator, Purpose

__all__ = [
    "Answer",
    "Client",
    "ClientFailure",
    "Coded",
    "Described",
    "EvidenceHolder",
    "Holder",
    "HolderType",
    "Holders",
    "Identity",
    "LegalBasis",
    "LegalBasisKind",
    "MonthRange",
    "Offered",
    "Operator",
    "Outcome",
    "OutcomeUnknown",
    "Paper",
    "Period",
    "Provenance",
    "Purpose",
    "QueryRefused",
    "Receipt",
    "Rows",
    "Unreachable",
    "Value",
]
