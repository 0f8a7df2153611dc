"""Renews what the gateway shows: asks in time, judges what comes, stages one generation, and puts it in force or leaves that to a person.

Laws: one round looks at everything that is due and stages it together; what fails changes nothing and is tried again; the evidence log
has each certificate before its generation can be put in force; where policy wants a person, the renewer never activates; a running
gateway takes the generation up by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from cryptography import x509

from certs import generations, renewing, requests
from certs.changing import Plan
from certs.facts import all_facts
from certs.findings import Finding, Severity
from certs.generations import PUBLISHED, Generation, GenerationRefused, judged
from certs.issuers import Issuer
from certs.issuing import IssueRefused
from certs.preflight import roles
from certs.readiness import Material, ready
from gateway.changing import Place, put
from gateway.ledger.records import LogUnusable
from gateway.model.act import Act
from gateway.model.refusal import Refusal
from gateway.ports import Clock

LOOK: Final = 900.0
"""Seconds after which everything is looked at again, at the latest: somebody may have put another certificate in force."""

Record = Callable[[Act, Mapping[str, str]], object]
_PAIR: Final = (".pem", ".key")


class Result(StrEnum):
    """What came of a round."""

    NOTHING_DUE = "nothing-due"
    IN_FORCE = "in-force"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round: `names` were renewed or are due; `says` is for people; `then` is when the next one falls due."""

    result: Result
    names: tuple[str, ...]
    says: str
    then: datetime
    generation: str = ""


@dataclass(frozen=True, slots=True)
class Renewer:
    """What one gateway's certificates are renewed by. `automatic`: a new generation is put in force at once.

    The first of `issuers` that serves a certificate is asked for its successor.

    `judge` looks at what came before it is staged; by the machine's clock, because it tries a handshake.
    """

    place: Place
    issuers: Sequence[Issuer]
    record: Record
    clock: Clock
    automatic: bool
    force: bool = False
    judge: Callable[[Material, datetime], tuple[Finding, ...]] = ready

    def round(self) -> Round:
        """Renews what is due. Whatever goes wrong is in what it gives back, and nothing changed then."""
        now = self.clock.now()
        try:
            return self._round(now)
        except (GenerationRefused, LogUnusable, ValueError, OSError) as error:
            return Round(Result.FAILED, (), str(error), now)
        except Refusal as refusal:
            return Round(Result.FAILED, (), f"the evidence log has no entry of it: {refusal.detail}", now)

    def _round(self, now: datetime) -> Round:
        standing = generations.current(self.place.folder)
        if standing is None:
            raise GenerationRefused("no generation is in force; `kuacheng certs import` makes the first")
        leaves = shown(standing)
        then = min((renewing.moment(each) for each in leaves.values()), default=now)
        late = tuple(name for name, each in leaves.items() if self.force or now >= renewing.moment(each))
        if not late:
            return Round(Result.NOTHING_DUE, (), f"nothing is due before {then:%Y-%m-%d %H:%M} UTC", then)
        late = tuple(name for name in late if any(each.serves(leaves[name]) for each in self.issuers)) or late
        if not self.automatic and (staged := self._staged(late, now)):
            return _waiting(late, staged, then)
        return self._renew(late, leaves, standing)

    def _staged(self, late: Sequence[str], now: datetime) -> str:
        """The newest generation that waits for a person and has successors of all of these; empty where there is none."""
        folder = self.place.folder
        waiting = [each for each in generations.generations(folder) if each.state == "staged"]
        for each in reversed([each for each in waiting if not generations.undone(folder, each.name)]):
            leaves = shown(each)
            if all(name in leaves and now < renewing.moment(leaves[name]) for name in late):
                return each.name
        return ""

    def _renew(self, late: Sequence[str], leaves: Mapping[str, x509.Certificate], standing: Generation) -> Round:
        published = standing.files().get(PUBLISHED, b"")
        changes: dict[str, bytes] = {}
        for name in late:
            certificate, key = self._issued(name, leaves[name], published)
            changes |= {f"{name}.pem": certificate, f"{name}.key": key}
        now = self.clock.now()  # an outside CA may have taken its time
        made = generations.stage(self.place.folder, changes, partial(judged, now=now))
        try:
            self._recorded(changes, made.name, leaves)
            if self.automatic:
                put(
                    self.place, made.name, Plan("activate", {}, (), {"shown": " ".join(late), "renewed": "yes"}), now, self.record
                )
        except BaseException:
            generations.discard(self.place.folder, made.name)
            raise
        then = min(renewing.moment(each) for each in shown(made).values())
        if not self.automatic:
            return _waiting(late, made.name, then)
        generations.prune(self.place.folder)
        return Round(Result.IN_FORCE, tuple(late), f"generation {made.name} is in force: {', '.join(late)}", then, made.name)

    def _issued(self, name: str, before: x509.Certificate, published: bytes) -> tuple[bytes, bytes]:
        """A certificate that peers will take, and its key. Raises IssueRefused, GenerationRefused, NotRenewable."""
        issuer = self._issuer(name, before)
        wanted = issuer.wanted(before)
        made = requests.make(wanted.profile)
        certificate = issuer.issue(wanted, made.request, self.clock.now())
        try:
            fits = renewing.fits(x509.load_pem_x509_certificates(certificate)[0], wanted)
        except ValueError as error:
            raise IssueRefused(f"what {issuer.name} gave for {name} holds no certificate of the gateway, PEM") from error
        if not fits:
            raise IssueRefused(f"what {issuer.name} issued for {name} bears other names or uses than were asked for")
        now = self.clock.now()
        whole = partial(Material, name=f"{name}.pem", certificate=certificate, key=made.key, published=published)
        judged_so = [finding for role in roles(certificate) for finding in self.judge(whole(role=role), now)]
        if found := tuple(each for each in judged_so if each.severity is Severity.ERROR):
            raise GenerationRefused(f"what {issuer.name} issued for {name} is not put in place:", found)
        return certificate, made.key

    def _issuer(self, name: str, before: x509.Certificate) -> Issuer:
        found = next((each for each in self.issuers if each.serves(before)), None)
        if found is None:
            raise IssueRefused(f"nobody is named who renews {name}: put `authority` or `command` beside `acme` in `renewal`")
        return found

    def _recorded(self, changes: Mapping[str, bytes], generation: str, before: Mapping[str, x509.Certificate]) -> None:
        for name, pem in changes.items():
            if name.endswith(_PAIR[0]):
                said = all_facts(pem)[0]
                issuer = self._issuer(name, before[name.removesuffix(_PAIR[0])]).name
                facts = {"uri": said.uri, "serial": said.serial, "fingerprint": said.fingerprint, "issuer": issuer}
                self.record(Act.CERTIFICATE_RENEWED, {**facts, "generation": generation})


def shown(generation: Generation) -> Mapping[str, x509.Certificate]:
    """The leaves of a generation that are ours, by name without suffix. Raises OSError, ValueError."""
    files = generation.files()
    names = (each.removesuffix(_PAIR[0]) for each in files if each.endswith(_PAIR[0]))
    return {name: x509.load_pem_x509_certificates(files[f"{name}.pem"])[0] for name in names if f"{name}.key" in files}


def watch(
    renewer: Renewer,
    chance: Callable[[], float],
    wait: Callable[[float], bool],
    note: Callable[[Round], None],
    tell: Callable[[Round], None],
) -> None:
    """Round after round. `wait` waits so many seconds and says whether to end; `note` hears of each, `tell` of what is news."""
    failures, told = 0, ""
    while True:
        done = renewer.round()
        note(done)
        if done.result in {Result.IN_FORCE, Result.FAILED} or done.says != told:
            tell(done)
        told = done.says
        failures = failures + 1 if done.result is Result.FAILED else 0
        left = (done.then - renewer.clock.now()).total_seconds() if done.result in {Result.NOTHING_DUE, Result.IN_FORCE} else LOOK
        if wait(renewing.pause(failures, chance()) if failures else min(LOOK, max(left, 1.0))):
            return


def _waiting(late: Sequence[str], generation: str, then: datetime) -> Round:
    says = f"generation {generation} has new certificates ({', '.join(late)}) and waits: `kuacheng certs activate {generation}`"
    return Round(Result.WAITING, tuple(late), says, then, generation)
