"""What the files alone tell: configuration, tables, certificates, rights, limits. Reads only."""

import resource
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs.findings import Code, Finding, Severity
from gateway import keeping, readiness
from gateway.checking.line import Category, Line, State, fine, found
from gateway.checking.wording import Fault
from gateway.config import Loaded, Problem
from gateway.obstacles import problems

_RIGHTS: Final = frozenset({Code.KEY_OPEN, Code.FILE_WRITABLE})
_CLOCK: Final = frozenset({Code.CLOCK_BEHIND, Code.CLOCK_DIFFERS})
_OF: Final[Mapping[Code, Category]] = MappingProxyType(
    dict.fromkeys(_RIGHTS, Category.RIGHTS) | dict.fromkeys(_CLOCK, Category.CLOCK)
)
_OWN_FILES: Final = 128
"""The log, its locks, the listener, the metrics port, libraries: with room."""
_READINESS: Final = "docs/certificates.md#is-it-ready"


def unread(faults: tuple[Problem, ...]) -> Iterator[Line]:
    """A configuration that does not read; the rest is not looked at."""
    for each in faults:
        yield Line(
            Category.CONFIGURATION,
            _place(each),
            State.FAILED,
            "configuration-refused",
            each.message,
            each.hint,
            each.message,
            each.hint,
            "docs/configuration.md",
        )
    for category in list(Category)[1:]:
        yield found(category, category.value, Fault.NOT_LOOKED_AT)


def configuration(loaded: Loaded) -> Iterator[Line]:
    """Whether a gateway can be made of it."""
    file, faults = loaded.document.file, problems(loaded)
    for each in faults:
        why = f"{each.message}; {each.hint}" if each.hint else each.message
        yield found(Category.CONFIGURATION, _place(each), Fault.NOT_BUILDABLE, why=why)
    if not faults:
        edition = loaded.world.edition
        yield fine(Category.CONFIGURATION, file, f"it reads; edition {edition}", f"可以读取，版本 {edition}")


def _place(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return f"{place} {problem.path}".strip()


def tables(loaded: Loaded) -> Iterator[Line]:
    """Whether each field of each kind of evidence is mapped or withheld."""
    gaps = [each for each in loaded.coverage if each.missing]
    for each in gaps:
        yield found(Category.TABLES, f"{each.region} {each.type}", Fault.FIELD_UNMAPPED, names=", ".join(each.missing))
    if not gaps:
        count = len(loaded.coverage)
        yield fine(Category.TABLES, f"{count} tables", "every field is mapped or withheld", "所有字段均已映射或声明不提供")


def material(loaded: Loaded, now: datetime) -> Iterator[Line]:
    """What `kuacheng certs check` finds, by our categories. Raises Unreadable, OSError."""
    told = [line(each) for each in readiness.findings(loaded, {}, now)]
    yield from told
    silent = {Category.CERTIFICATES, Category.RIGHTS, Category.CLOCK} - {each.category for each in told}
    said = {
        Category.CERTIFICATES: ("shown and trusted ones", "each reads, chains and shakes hands", "均可读取、成链并完成握手"),
        Category.RIGHTS: ("keys and bundles", "nobody else reads or changes them", "他人无权读取或更改"),
        Category.CLOCK: ("callers and witnesses", "nothing recorded contradicts our clock", "已有记录与本机时钟一致"),
    }
    for category, (what, reason, zh) in said.items():
        if category in silent:
            yield fine(category, what, reason, zh)


def records(loaded: Loaded) -> Iterator[Line]:
    """Whether the gateway's small records can be kept."""
    where, why = str(loaded.beside.parent), keeping.fault(loaded)
    if why:
        yield found(Category.RIGHTS, where, Fault.STATE_UNUSABLE, why=why)
    else:
        yield fine(Category.RIGHTS, where, "small records can be kept there", "可以写入运行记录")


def limits(loaded: Loaded) -> Iterator[Line]:
    """Whether so many files may be open as full load needs: `kuacheng serve` takes all that it may."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = sum(each.connections for each in loaded.systems.values()) + loaded.server.connections + _OWN_FILES
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        yield found(Category.LIMITS, "open files", Fault.FILES_TOO_FEW, allowed=allowed, needed=needed)
    else:
        told = "" if allowed == resource.RLIM_INFINITY else f"{allowed}"
        yield fine(
            Category.LIMITS,
            "open files",
            f"{told or 'no limit'}; full load needs {needed}",
            f"{told or '不限'}，满载需要 {needed}",
        )


def line(finding: Finding) -> Line:
    """A finding of `kuacheng certs check` as a line of ours."""
    reason, _, mend = finding.message.partition(". ")
    reason_zh, _, mend_zh = finding.message_zh.partition("。")
    state = State.FAILED if finding.severity is Severity.ERROR else State.WARNING
    category = _OF.get(finding.code, Category.CERTIFICATES)
    return Line(category, finding.material, state, finding.code.value, reason, mend, reason_zh, mend_zh, _READINESS)
