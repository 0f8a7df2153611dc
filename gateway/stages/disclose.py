"""Only the fields that the Permit names leave, or a verdict on each claim, or one file; the rest ends here.

Laws: a smaller permit never discloses more; findings about a field leave with that field only; of a verification no value
leaves, no finding, and not how many papers there are.
Source: PIPL Art. 6 (minimisation).
"""

from types import MappingProxyType

from gateway.model.city import CityFile
from gateway.model.claiming import judged
from gateway.model.evidence import Evidence
from gateway.model.exchange import Disclosure, Permit
from gateway.model.query import FileWanted
from gateway.model.refusal import Reason, Refusal, Violation


def disclose(evidence: tuple[Evidence, ...], permit: Permit) -> Disclosure:
    """What this caller may see of what the city said. Raises a Refusal where no one file can be meant."""
    if permit.query.file:
        return Disclosure((), (), file=_file(evidence, permit.query.file)) if evidence else Disclosure((), ())
    claims = permit.query.claims
    if claims:
        return Disclosure((), tuple(sorted(permit.fields)), judged(evidence, claims))
    shown = tuple([_narrow(each, permit.fields) for each in evidence])
    return Disclosure(shown, tuple(sorted(set().union(*[each.values for each in shown]))))


def _file(evidence: tuple[Evidence, ...], wanted: FileWanted) -> CityFile:
    """The one file of this format, of the paper with this number, or of the only paper there is."""
    papers = [each for each in evidence if not wanted.number or each.values.get("number") == wanted.number]
    if not papers:
        raise _number("the holder has no such evidence under this number")
    if len(papers) > 1 and not wanted.number:
        raise _number("is required: the holder has several papers of this type")
    files = [file for paper in papers for file in paper.files if file.format == wanted.format]
    if len(files) != 1:
        raise Refusal(Reason.CITY_REFUSED, "the city's record names no file of this format, or several")
    return files[0]


def _number(description: str) -> Refusal:
    return Refusal(Reason.INVALID_REQUEST, "number is at fault", violations=(Violation("number", description),))


def _narrow(evidence: Evidence, fields: frozenset[str]) -> Evidence:
    values = MappingProxyType({name: value for name, value in evidence.values.items() if name in fields})
    findings = tuple([finding for finding in evidence.findings if finding.field in fields])
    return Evidence(evidence.type, values, findings)
