"""How the commands of `kuacheng certs` tell a finding of certs.findings: in two languages, and for programs in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cli.language import ZH

if TYPE_CHECKING:
    from certs.findings import Finding


def told(finding: Finding, lang: str) -> str:
    """A finding on one line."""
    if lang != ZH:
        return str(finding)
    severity = "错误" if finding.severity == "error" else "警告"
    return f"{severity}：{finding.material}：{finding.message_zh} [{finding.code}]"


def as_plain(finding: Finding) -> dict[str, str]:
    """A finding for programs, in both languages."""
    return {
        "material": finding.material,
        "code": finding.code.value,
        "severity": finding.severity.value,
        "message": finding.message,
        "message_zh": finding.message_zh,
    }
