"""Has the CAs of a region vouch for each caller's certificate (OCSP), and keeps what they said up to date.

Laws: a call never waits for an answer about a caller who is known; who comes for the first time waits `FIRST_SECONDS` at most, and is
refused where nothing was said until then. Answers are asked for anew in the background, before their time is over and at the latest after
the region's `refresh`; what is newly said is in force at once, on open streams too. Where a responder does not answer, or says what is not
believed, the last answer serves until its time is over, and as much longer as the region's `unreachable` says; then its caller is refused.
A revocation serves until something newer is said. No more than `MOST` callers are kept.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Protocol

from certs import ocsp
from certs.ocsp import Answer, OcspRefused
from gateway.asking import Kept, Post, Question, ask
from gateway.config import Loaded, OcspSettings
from gateway.model.identity import Issued, Peer, Verdict, Vouched
from gateway.model.refusal import Refusal
from gateway.ports import Clock
from gateway.stages.identify import paths

FIRST_SECONDS: Final = 2.0
EVERY_SECONDS: Final = 0.5
"""Between two looks at what is due."""
QUIET_SECONDS: Final = 24 * 3600.0
"""Who has not called for so long is not asked about any more."""
MOST: Final = 8192
AT_ONCE: Final = 16

_SOONEST, _LATEST = 5.0, 60.0
"""Seconds between two questions that fail: twice as long each time, from the one to the other."""
_log = logging.getLogger("kuacheng.revocation")

Answers = Mapping[str, Mapping[Issued, Vouched]]
Key = tuple[str, Issued]


class Meter(Protocol):
    """Where it is counted."""

    def ocsp_answered(self, region: str, result: str) -> None:
        """One question ended: good, revoked, unknown; or refused (not believed), unreachable."""
        ...

    def ocsp_stands(self, counts: Mapping[tuple[str, str], int], ages: Mapping[str, float]) -> None:
        """By region and standing, how many certificates; by region, the age in seconds of the oldest good answer."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What the questions are asked with. `listed` gives what a region's CAs have revoked by lists; `changed` hears of new answers."""

    loaded: Callable[[], Loaded]
    clock: Clock
    kept: Kept
    post: Post
    entropy: Callable[[int], bytes]
    meter: Meter
    listed: Callable[[str], AbstractSet[Issued]]
    changed: Callable[[], Awaitable[object]]


@dataclass(slots=True, eq=False)
class _Held:
    """One certificate that callers show: what was said of it, and when it is asked about next. Moments are monotonic."""

    question: Question
    used: float
    due: float = 0.0
    failures: int = 0
    answer: Answer | None = None
    asking: asyncio.Task[None] | None = None

    @property
    def key(self) -> Key:
        return self.question.region, self.question.issued

    @property
    def first(self) -> asyncio.Task[None] | None:
        """The asking that may end with the first answer, until it has ended somehow."""
        return self.asking if self.answer is None and not self.failures else None


class Vouching:
    """What the responders said. Belongs to one event loop."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._held: dict[Key, _Held] = {}
        self._known: dict[Peer, tuple[_Held, ...]] = {}
        self._followed: Loaded | None = None
        self._trust = ""
        self._policies: Mapping[str, OcspSettings] = {}
        self._places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self.answers: Answers = MappingProxyType({})
        self._follow()

    @property
    def wanted(self) -> bool:
        """Whether any region's CAs are asked, or a new configuration may say so."""
        return bool(self._policies) or self._means.loaded() is not self._followed

    def settled(self, peer: Peer) -> bool:
        """Whether what can be said of its certificates now was said; where nobody asked yet, somebody does from now on. Never waits."""
        known = self._known.get(peer)
        return all(each.first is None for each in (self._first(peer) if known is None else known))

    async def vouch(self, peer: Peer) -> None:
        """For each call, before it is judged: has something said of certificates that come for the first time."""
        if self._follow():
            await self._means.changed()
        known = self._known.get(peer)
        if known is None:
            known = self._first(peer)
        now = self._means.clock.monotonic()
        for each in known:
            each.used = now
        if asking := [each.first for each in known if each.first]:
            await asyncio.wait(asking, timeout=FIRST_SECONDS)

    async def watch(self) -> None:
        """Goes on until it is cancelled."""
        await asyncio.to_thread(self._means.kept.forget, self._means.clock.now())
        try:
            while True:
                await self._round()
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            for each in self._held.values():
                if each.asking:
                    each.asking.cancel()

    async def _round(self) -> None:
        if self._follow():
            await self._means.changed()
        now = self._means.clock.monotonic()
        self._drop({key for key, each in self._held.items() if now - each.used > QUIET_SECONDS})
        for each in self._held.values():
            if now >= each.due:
                self._start(each)
        self._tell()

    def _follow(self) -> bool:
        """Takes up what the configuration says now; whether that changed what answers mean."""
        loaded = self._means.loaded()
        if loaded is self._followed:
            return False
        self._followed = loaded
        policies = {code: each.ocsp for code, each in loaded.settings.regions.items() if each.ocsp is not None}
        trust = loaded.world.trust.generation
        if (policies, trust) == (self._policies, self._trust):
            return False
        if trust != self._trust or policies.keys() != self._policies.keys():
            self._known.clear()  # another CA may have issued what is shown, and another region may ask now
        self._policies, self._trust = policies, trust
        for each in self._held.values():
            each.due = 0.0
        self._drop({key for key in self._held if key[0] not in policies})
        self.answers = self._rebuilt()
        return True

    def _drop(self, keys: AbstractSet[Key]) -> None:
        if not keys:
            return
        for key in keys:
            del self._held[key]
        self._known = {peer: held for peer, held in self._known.items() if all(self._held.get(each.key) is each for each in held)}
        self.answers = self._rebuilt()

    def _rebuilt(self) -> Answers:
        found: dict[str, dict[Issued, Vouched]] = {region: {} for region in self._policies}
        for (region, issued), each in self._held.items():
            if each.answer:
                found[region][issued] = _vouched(each.answer, self._policies[region])
        return MappingProxyType({region: MappingProxyType(said) for region, said in found.items()})

    def _first(self, peer: Peer) -> tuple[_Held, ...]:
        """Has its certificates asked about; nothing where it is refused anyway, and then it is not remembered."""
        try:
            found = paths(peer, self._means.loaded().world.trust)
        except Refusal:
            return ()
        wanted = ((region, pair) for region, chain in found if region in self._policies for pair in pairwise(chain))
        known = tuple(self._hold(Question(region, *pair)) for region, pair in wanted)
        if len(self._known) >= MOST:
            oldest, left = next(iter(self._known.items()))
            del self._known[oldest]
            self._drop({each.key for each in left if self._held.get(each.key) is each} - {each.key for each in known})
        self._known[peer] = known
        for each in known:
            if each.answer is None:
                self._start(each)
        return known

    def _hold(self, question: Question) -> _Held:
        """What is held of it; anew where another CA of that name has issued it."""
        held = _Held(question, self._means.clock.monotonic())
        before = self._held.get(held.key)
        if before is not None and before.question == question:
            return before
        self._held[held.key] = held
        self.answers = self._rebuilt()
        return held

    def _start(self, held: _Held) -> None:
        if held.asking is None or held.asking.done():
            held.asking = asyncio.create_task(self._ask(held))

    async def _ask(self, held: _Held) -> None:
        policy = self._policies.get(held.question.region)
        if policy is None:
            return
        if held.answer is None and not held.failures:
            found = await asyncio.to_thread(self._means.kept.get, held.question, self._means.clock.now())
            if found is not None and held.answer is None:
                await self._said(held, found)  # and the next look asks for a newer one
                return
        async with self._places[held.question.region]:
            await self._asked(held, policy)

    async def _asked(self, held: _Held, policy: OcspSettings) -> None:
        means, question, nonce = self._means, held.question, self._means.entropy(ocsp.NONCE_BYTES)
        try:
            content = await ask(question, policy, means.post, nonce)
            said = ocsp.answer(
                content,
                question.certificate,
                question.issuer,
                means.clock.now(),
                nonce=nonce,
                newest=held.answer.this_update if held.answer else None,
                revoked=means.listed(question.region),
            )
        except (OcspRefused, OSError) as error:
            self._failed(held, error, policy)
            return
        means.meter.ocsp_answered(question.region, said.status.value)
        left = (said.until - means.clock.now()).total_seconds()
        held.failures, held.due = 0, means.clock.monotonic() + min(policy.refresh, max(_SOONEST, left / 2))
        await self._said(held, said)
        await asyncio.to_thread(means.kept.put, question, content)

    async def _said(self, held: _Held, said: Answer) -> None:
        held.answer = said
        region, issued = held.key
        policy = self._policies.get(region)
        if policy is None or self._held.get(held.key) is not held:
            return
        fresh = {**self.answers[region], issued: _vouched(said, policy)}
        self.answers = MappingProxyType({**self.answers, region: MappingProxyType(fresh)})
        await self._means.changed()

    def _failed(self, held: _Held, error: OcspRefused | OSError, policy: OcspSettings) -> None:
        refused, region = isinstance(error, OcspRefused), held.question.region
        self._means.meter.ocsp_answered(region, "refused" if refused else "unreachable")
        if not held.failures:
            said = str(error) if refused else f"it does not answer ({type(error).__name__})"
            _log.error("a CA's responder did not vouch for a certificate", extra={"where": region, "problems": said})
        held.failures += 1
        pause = min(policy.refresh, _LATEST, _SOONEST * 2.0 ** min(held.failures - 1, 10))
        held.due = self._means.clock.monotonic() + pause

    def _tell(self) -> None:
        now = self._means.clock.now()
        counts = Counter({(region, each): 0 for region in self._policies for each in STANDINGS})
        ages: dict[str, float] = {}
        for (region, _), each in self._held.items():
            counts[region, _standing(each.answer, self.answers[region].get(each.question.issued), now.timestamp())] += 1
            if each.answer and each.answer.status is ocsp.Status.GOOD:
                ages[region] = max(ages.get(region, 0.0), (now - each.answer.this_update).total_seconds())
        self._means.meter.ocsp_stands(counts, ages)


STANDINGS: Final = ("good", "last-good", "silent", "revoked", "unknown")
"""`last-good`: its time is over, and `unreachable` lets it serve; `silent`: nothing was said, or too long ago."""


def _standing(answer: Answer | None, vouched: Vouched | None, now: float) -> str:
    if answer is None or vouched is None:
        return "silent"
    if answer.status is not ocsp.Status.GOOD:
        return answer.status.value
    if now <= answer.until.timestamp():
        return "good"
    return "last-good" if now <= vouched.until.timestamp() else "silent"


def _vouched(said: Answer, policy: OcspSettings) -> Vouched:
    return Vouched(Verdict(said.status.value), said.until + timedelta(seconds=policy.longer))
