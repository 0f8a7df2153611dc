"""Only the fields that the Permit names leave, or, where claims were made, a verdict on each; the rest ends here.

Laws: a smaller permit never discloses more; findings about a field leave with that field only; of a verification no value
leaves, no finding, and not how many papers there are.
Source: PIPL Art. 6 (minimisation).
"""

from types import MappingProxyType

from gateway.model.claiming import judged
from gateway.model.evidence import Evidence
from gateway.model.exchange import Disclosure, Permit


def disclose(evidence: tuple[Evidence, ...], permit: Permit) -> Disclosure:
    """What this caller may see of what the city said."""
    claims = permit.query.claims
    if claims:
        return Disclosure((), tuple(sorted(permit.fields)), judged(evidence, claims))
    shown = tuple(_narrow(each, permit.fields) for each in evidence)
    return Disclosure(shown, tuple(sorted({name for each in shown for name in each.values})))


def _narrow(evidence: Evidence, fields: frozenset[str]) -> Evidence:
    values = MappingProxyType({name: value for name, value in evidence.values.items() if name in fields})
    findings = tuple(finding for finding in evidence.findings if finding.field in fields)
    return Evidence(evidence.type, values, findings)
