"""What a change of generations takes back, in words: a CA that is believed again, a certificate that is shown again.

Laws: pure: files go in by their names in a generation, sentences come out; a file is named where nothing better can be said of it.
"""

from collections.abc import Iterator, Mapping

from certs import bundle
from certs.bundle import BundleRefused, Member
from certs.facts import all_facts

Files = Mapping[str, bytes]
_CERTIFICATE, _KEY = ".pem", ".key"


def undone(now: Files, then: Files, base: Files | None) -> tuple[str, ...]:
    """What stands `now` that would not with `then`; of what stood in `base` already nothing, for that is what `then` was made to change."""
    differ = [name for name in sorted({*now, *then}) if now.get(name) != then.get(name)]
    lost = [name for name in differ if base is None or now.get(name) != base.get(name)]
    return tuple(said for name in lost for said in _said(name, now, then))


def _said(name: str, now: Files, then: Files) -> Iterator[str]:
    if name not in now or name not in then:
        yield f"{name} would be {'there again' if name in then else 'gone'}"
    elif name.endswith(_KEY) and f"{name.removesuffix(_KEY)}{_CERTIFICATE}" in now:
        return  # its certificate is told of
    elif f"{name.removesuffix(_CERTIFICATE)}{_KEY}" in now:
        yield f"{name}: {_ends(then[name])} would be shown instead of {_ends(now[name])}"
    else:
        yield from _of_bundle(name, _members(now[name]), _members(then[name])) or [f"{name} would be another"]


def _of_bundle(name: str, now: Mapping[str, Member], then: Mapping[str, Member]) -> list[str]:
    again = [f"{name}: {then[each].name} would be believed again" for each in then if each not in now]
    gone = [f"{name}: {now[each].name} would be believed no more" for each in now if each not in then]
    marks = [
        f"{name}: {now[each].name} would count {'no more' if now[each].tainted else 'again'} as to be retired"
        for each in now
        if each in then and bool(now[each].tainted) != bool(then[each].tainted)
    ]
    return [*again, *gone, *marks]


def _members(pem: bytes) -> Mapping[str, Member]:
    try:
        return {each.fingerprint: each for each in bundle.members(pem)}
    except BundleRefused:
        return {}


def _ends(pem: bytes) -> str:
    try:
        return f"the certificate that ends {all_facts(pem)[0].not_after:%Y-%m-%d %H:%M}"
    except (ValueError, IndexError):
        return "another certificate"
