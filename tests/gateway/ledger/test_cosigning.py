"""The collector against witnesses that really judge and sign: quorum, age, restarts, forks, rollbacks, and a gateway nobody watches."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosigning import Collector, Contradiction, RolledBack, Standing, Watched, check_extends
from gateway.ledger.note import Note, NoteRefused, Signer
from gateway.ledger.policy import Policy, PolicyRefused
from gateway.ledger.submitting import Failure, Fault, HttpPost, Reply
from gateway.model.exchange import Entry, EntryKind, Recorded
from gateway.model.refusal import Reason, Refusal
from gateway.witness.record import Record
from gateway.witness.service import Witness, serving
from gateway.witness.submission import Refused, Submission, vouch
from tests.gateway.witness.growing import AT, GrowingLog, signer, witness

NAMES = ("guangzhou", "foshan", "north")
TWO_OF_THREE = "group enough 2 guangzhou foshan north\nquorum enough\n"


class Hand:
    """gateway.ports.Clock, moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime.fromtimestamp(AT, UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Town:
    """Three witnesses in memory, each of which can be gone, or lie."""

    def __init__(self, clock: Hand, log: GrowingLog, folder: Path) -> None:
        self.clock = clock
        self.signers = {name: witness(f"witness.test/{name}") for name in NAMES}
        self.witnesses = {name: self._witness(name, each, log, folder) for name, each in self.signers.items()}
        self.gone: set[str] = set()
        self.lies: dict[str, Callable[[bytes], Reply]] = {}
        self.asked: list[tuple[str, int]] = []

    def _witness(self, name: str, signer: Signer, log: GrowingLog, folder: Path) -> Witness:
        Record.create(folder / name, signer.verifier)
        logs = {log.origin: (log.signer.verifier,)}
        return Witness(signer, logs, Record.open(folder / name, signer.verifier), self.clock.now)

    def close(self) -> None:
        for each in self.witnesses.values():
            each.record.close()

    def policy(self, quorum: str = TWO_OF_THREE) -> Policy:
        lines = [f"witness {name} {each.verifier} http://{name}.test" for name, each in self.signers.items()]
        return Policy.parse("\n".join([f"log {signer('log.test/1').verifier}", *lines, quorum]))

    async def post(self, url: str, body: bytes) -> Reply:
        name = url.removeprefix("http://").removesuffix(".test/add-checkpoint")
        self.asked.append((name, int(body.split(b"\n")[0][4:])))
        if name in self.gone:
            raise OSError("TimeoutError")
        if name in self.lies:
            return self.lies[name](body)
        try:
            submission = Submission.parse(body)
            vouch(submission, self.witnesses[name].logs)
            return Reply(200, self.witnesses[name].cosign(submission).encode())
        except Refused as refused:
            return Reply(refused.status, refused.text.encode())


class Logged:
    """gateway.ledger.cosigning.Source over a log that can be exchanged for another."""

    def __init__(self, log: GrowingLog) -> None:
        self.log = log

    def checkpoint(self) -> str:
        return self.log.note()

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        return self.log.proof(old, new)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def source() -> Logged:
    return Logged(GrowingLog().grow(20))


@pytest.fixture
def town(clock: Hand, source: Logged, tmp_path: Path):
    with closing(Town(clock, source.log, tmp_path)) as opened:
        yield opened


@pytest.fixture
def collector(town: Town, source: Logged, clock: Hand) -> Collector:
    return Collector(source, town.policy(), town.post, clock)


def faults(collector: Collector) -> dict[str, Fault]:
    return {name: each.fault for name, each in collector.failures.items()}


async def test_a_checkpoint_is_cosigned_by_everybody(collector: Collector, town: Town, source: Logged) -> None:
    assert await collector.round()
    assert collector.standing is not None
    assert collector.standing.moment == AT
    note = Note.parse(collector.standing.note)
    everybody = [source.log.signer.verifier, *(each.verifier for each in town.signers.values())]
    assert note.verified(everybody).keys() == set(everybody)
    assert collector.failures == {}


async def test_each_round_proves_from_where_each_witness_stands(collector: Collector, town: Town, source: Logged) -> None:
    await collector.round()
    town.gone = {"north"}
    source.log.grow(5)
    assert await collector.round()
    town.gone = set()
    source.log.grow(5)
    town.asked.clear()
    assert await collector.round()
    assert sorted(town.asked) == [("foshan", 25), ("guangzhou", 25), ("north", 20)]


async def test_a_collector_that_starts_anew_asks_where_the_witnesses_stand(
    collector: Collector, town: Town, source: Logged, clock: Hand
) -> None:
    await collector.round()
    source.log.grow(5)
    again = Collector(source, town.policy(), town.post, clock)
    assert again.standing is None
    assert await again.round()
    assert again.standing is not None
    assert again.standing.checkpoint.size == 25


async def test_a_checkpoint_that_did_not_grow_is_cosigned_afresh(collector: Collector, clock: Hand) -> None:
    await collector.round()
    clock.advance(600)
    assert collector.age(clock.now()) == 600
    assert await collector.round()
    assert collector.age(clock.now()) == 0


async def test_fewer_than_the_policy_needs_are_not_enough(collector: Collector, town: Town, clock: Hand) -> None:
    town.gone = {"north"}
    assert await collector.round()
    clock.advance(60)
    town.gone = {"north", "foshan"}
    assert not await collector.round()
    assert collector.age(clock.now()) == 60
    assert faults(collector) == {"north": Fault.UNREACHABLE, "foshan": Fault.UNREACHABLE}
    town.gone = set()
    assert await collector.round()
    assert collector.failures == {}


async def test_the_age_is_that_of_the_cosignatures(collector: Collector, town: Town, clock: Hand) -> None:
    behind = town.witnesses["guangzhou"]
    town.gone = {"north"}
    town.witnesses["guangzhou"] = Witness(behind.signer, behind.logs, behind.record, lambda: clock.now() - timedelta(seconds=90))
    assert await collector.round()
    assert collector.age(clock.now()) == 90


async def test_an_older_moment_never_takes_the_place_of_a_newer_one(collector: Collector, town: Town, clock: Hand) -> None:
    slow = town.witnesses["north"]
    town.witnesses["north"] = Witness(slow.signer, slow.logs, slow.record, lambda: clock.now() - timedelta(seconds=90))
    town.gone = {"north"}
    await collector.round()
    before = collector.standing
    town.gone = {"foshan"}
    assert await collector.round()
    assert collector.standing == before


async def test_nobody_is_fooled_by_a_moment_far_ahead(collector: Collector, town: Town, clock: Hand) -> None:
    ahead = town.witnesses["guangzhou"]
    town.gone = {"north"}
    town.witnesses["guangzhou"] = Witness(ahead.signer, ahead.logs, ahead.record, lambda: clock.now() + timedelta(days=1))
    assert not await collector.round()
    assert faults(collector)["guangzhou"] is Fault.ANSWER_INVALID


LIES = {
    "an empty answer": lambda _: Reply(200, b""),
    "rubbish": lambda _: Reply(200, b"\xff\x00"),
    "a larger tree": lambda _: Reply(409, b"1000000\n"),
    "another size each time": lambda body: Reply(409, b"%d\n" % ((int(body.split(b"\n")[0][4:]) + 1) % 20)),
    "our own body": lambda body: Reply(200, body),
    "somebody else's cosignature": lambda body: Reply(200, lying(body, "witness.test/foshan")),
    "its own for another tree": lambda body: Reply(200, lying(body.replace(b"\n20\n", b"\n21\n"), "witness.test/guangzhou")),
}


def lying(body: bytes, name: str) -> bytes:
    return witness(name).line(Note.parse(body.decode().partition("\n\n")[2]).text, AT).encode()


@pytest.mark.parametrize("name", LIES)
async def test_a_witness_that_lies_counts_for_nothing_and_harms_nobody(collector: Collector, town: Town, name: str) -> None:
    town.lies = {"guangzhou": LIES[name]}
    assert await collector.round()
    assert set(collector.failures) == {"guangzhou"}
    town.gone = {"north"}
    assert not await collector.round()


async def test_another_gateway_of_the_same_log_may_be_ahead(town: Town, source: Logged, clock: Hand) -> None:
    """The first checkpoint read is older than the one handed in meanwhile: it is read again, and no rollback is told."""

    class Late(Logged):
        def __init__(self, log: GrowingLog) -> None:
            super().__init__(log)
            self.read = 0

        def checkpoint(self) -> str:
            self.read += 1
            return self.log.note(18 if self.read == 1 else None)

    await Collector(source, town.policy(), town.post, clock).round()
    late = Collector(Late(source.log), town.policy(), town.post, clock)
    assert await late.round()
    assert late.standing is not None
    assert late.standing.checkpoint.size == 20


async def test_a_forked_log_is_cosigned_by_nobody(collector: Collector, town: Town, source: Logged, clock: Hand) -> None:
    await collector.round()
    anew = Collector(Logged(source.log.forked(10, 25)), town.policy(), town.post, clock)
    assert not await anew.round()
    assert set(faults(anew).values()) == {Fault.FORKED}
    same = Collector(Logged(source.log.forked(10, 20)), town.policy(), town.post, clock)
    assert not await same.round()
    assert set(faults(same).values()) == {Fault.FORKED}


async def test_a_log_put_back_from_a_backup_is_told_by_the_witnesses(
    collector: Collector, town: Town, source: Logged, clock: Hand
) -> None:
    await collector.round()
    restored = Collector(Logged(GrowingLog(source.log.signer, source.log.leaves[:15])), town.policy(), town.post, clock)
    assert not await restored.round()
    assert set(faults(restored).values()) == {Fault.ROLLED_BACK}
    assert restored.age(clock.now()) is None


@pytest.mark.parametrize("size", [15, 20, 25])
async def test_a_log_that_contradicts_its_kept_checkpoint_asks_nobody(
    collector: Collector, town: Town, source: Logged, clock: Hand, size: int
) -> None:
    await collector.round()
    honest, source.log = source.log, source.log.forked(10, size)
    town.asked.clear()
    with pytest.raises(Contradiction):
        await collector.round()
    assert town.asked == []
    assert collector.contradiction
    assert collector.age(clock.now()) is None
    source.log = honest.grow(1)
    assert await collector.round()
    assert collector.contradiction == ""


async def test_what_was_kept_is_known_after_a_restart(town: Town, source: Logged, clock: Hand) -> None:
    notes: list[str] = []
    await Collector(source, town.policy(), town.post, clock, keep=notes.append).round()
    clock.advance(100)
    again = Collector(source, town.policy(), town.post, clock, kept=notes[-1])
    assert again.age(clock.now()) == 100
    source.log = GrowingLog(source.log.signer, source.log.leaves[:15])
    with pytest.raises(Contradiction, match="15 entries, and 20 were cosigned"):
        await again.round()


async def test_a_kept_note_that_does_not_meet_the_policy_counts_as_none(town: Town, source: Logged, clock: Hand) -> None:
    for kept in (
        "",
        "rubbish",
        source.log.note(),
        source.log.note() + lying(source.log.submission(0), "witness.test/foshan").decode(),
    ):
        assert Collector(source, town.policy(), town.post, clock, kept=kept).age(clock.now()) is None


async def test_a_standing_needs_the_log_s_own_signature(town: Town, source: Logged) -> None:
    stranger = GrowingLog(signer("log.test/1", seed="another key")).grow(20)
    text = Note.parse(stranger.note()).text
    lines = "".join(each.line(text, AT) for each in town.signers.values())
    with pytest.raises(NoteRefused, match="not signed by a log"):
        Standing.parse(stranger.note() + lines, town.policy())


async def test_rounds_go_on_until_they_are_stopped_whatever_fails(town: Town, source: Logged, clock: Hand) -> None:
    stop, seen = asyncio.Event(), []

    class Failing(Logged):
        def checkpoint(self) -> str:
            seen.append(len(seen))
            if len(seen) == 1:
                raise OSError("the disk is gone")
            town.gone = {"north", "foshan"} if len(seen) == 2 else set()
            return super().checkpoint()

    collector = Collector(
        Failing(source.log), town.policy(), town.post, clock, keep=lambda _: loop.call_soon_threadsafe(stop.set)
    )
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(60):
        await collector.run(stop, lambda: 0.0, interval=0.01)
    assert len(seen) >= 3
    assert collector.age(clock.now()) == 0


@pytest.mark.parametrize("quorum", ["quorum none\n"])
async def test_a_policy_that_needs_nobody_is_nothing_to_collect_for(town: Town, source: Logged, clock: Hand, quorum: str) -> None:
    with pytest.raises(PolicyRefused):
        Collector(source, town.policy(quorum), town.post, clock)


async def test_a_witness_without_an_address_cannot_be_asked(town: Town, source: Logged, clock: Hand) -> None:
    text = f"log {source.log.signer.verifier}\nwitness foshan {town.signers['foshan'].verifier}\nquorum foshan\n"
    with pytest.raises(PolicyRefused, match="foshan"):
        Collector(source, Policy.parse(text), town.post, clock)


class Book:
    """A ledger that takes everything."""

    def __init__(self) -> None:
        self.kinds: list[EntryKind] = []

    def append(self, entry: Entry) -> Future[Recorded]:
        self.kinds.append(entry.kind)
        future: Future[Recorded] = asyncio.get_running_loop().create_future()
        future.set_result(Recorded("log.test/1", len(self.kinds), b"", ""))
        return future


async def test_a_gateway_that_nobody_watches_begins_nothing_and_ends_what_it_began(
    collector: Collector, town: Town, clock: Hand
) -> None:
    book = Book()
    watched = Watched(book, collector, clock, limit=3600)
    assert await refused(watched, clock) == "no cosigned checkpoint yet"
    await collector.round()
    await watched.append(entry(EntryKind.INTENT, clock))
    clock.advance(3600)
    await watched.append(entry(EntryKind.INTENT, clock))
    clock.advance(1)
    assert await refused(watched, clock) == "no cosigned checkpoint for 3601 s, and 3600 s are allowed"
    for kind in set(EntryKind) - {EntryKind.INTENT}:
        await watched.append(entry(kind, clock))
    with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
        await watched.append(replace(entry(EntryKind.ACT, clock), facts={"holder": "a search tells whose data was seen"}))
    town.gone = {"north"}
    await collector.round()
    await watched.append(entry(EntryKind.INTENT, clock))
    assert book.kinds.count(EntryKind.INTENT) == 3
    assert set(book.kinds) == set(EntryKind)


async def test_a_contradiction_ends_all_beginning_at_once(collector: Collector, source: Logged, clock: Hand) -> None:
    watched = Watched(Book(), collector, clock, limit=3600)
    await collector.round()
    source.log = source.log.forked(3, 20)
    with suppress(Contradiction):
        await collector.round()
    assert await refused(watched, clock) == "the log's first 20 entries are not those that were cosigned"


async def test_over_real_connections_from_end_to_end(town: Town, source: Logged, clock: Hand) -> None:
    async with HttpPost() as post:
        async with (
            serving(town.witnesses["guangzhou"], "127.0.0.1", 0) as one,
            serving(town.witnesses["foshan"], "127.0.0.1", 0) as two,
        ):
            addresses = {"guangzhou": one, "foshan": two}
            lines = [f"witness {name} {town.signers[name].verifier} http://{where}" for name, where in addresses.items()]
            head, end = f"log {source.log.signer.verifier}", "group both all guangzhou foshan\nquorum both\n"
            policy = Policy.parse("\n".join([head, *lines, end]))
            collector = Collector(source, policy, post, clock)
            for size in (20, 33, 33):
                source.log.grow(size - len(source.log.leaves))
                assert await collector.round()
                assert collector.standing is not None
                assert collector.standing.checkpoint.size == size
            forked = Collector(Logged(source.log.forked(30, 40)), policy, post, clock)
            assert not await forked.round()
            assert set(faults(forked).values()) == {Fault.FORKED}
        assert not await collector.round()
        assert set(faults(collector).values()) == {Fault.UNREACHABLE}


async def refused(watched: Watched, clock: Hand) -> str:
    with pytest.raises(Refusal) as refusal:
        await watched.append(entry(EntryKind.INTENT, clock))
    assert refusal.value.reason is Reason.LEDGER_UNAVAILABLE
    return refusal.value.detail


def entry(kind: EntryKind, clock: Hand) -> Entry:
    return Entry(kind, "exchange-1", clock.now(), {})


def test_a_failure_names_its_fault_and_what_was_seen() -> None:
    assert str(Failure(Fault.ROLLED_BACK, "9 entries")) == "has cosigned a larger tree than our log holds: 9 entries"


async def test_each_round_tells_what_failed_in_it(collector: Collector, town: Town, source: Logged) -> None:
    stop, heard = asyncio.Event(), []

    def told(faults: Sequence[str]) -> None:
        heard.append(sorted(faults))
        if len(heard) == 1:
            town.gone = {"north"}
        elif len(heard) == 2:
            source.log = source.log.forked(5, 20)
        else:
            stop.set()

    async with asyncio.timeout(60):
        await collector.run(stop, lambda: 0.0, interval=0.01, told=told)
    assert heard == [[], ["UNREACHABLE"], ["CONTRADICTION"]]


async def test_a_round_that_our_own_disk_does_not_allow_is_our_own_fault(town: Town, source: Logged, clock: Hand) -> None:
    def full(_: str) -> None:
        raise OSError("no space")

    stop, heard = asyncio.Event(), []

    def told(faults: Sequence[str]) -> None:
        heard.append(list(faults))
        stop.set()

    async with asyncio.timeout(60):
        await Collector(source, town.policy(), town.post, clock, keep=full).run(stop, lambda: 0.0, interval=0.01, told=told)
    assert heard == [["OWN_FAULT"]]


async def test_a_clock_that_went_back_tells_no_age_and_says_so(collector: Collector, clock: Hand) -> None:
    await collector.round()
    watched = Watched(Book(), collector, clock, limit=3600)
    clock.advance(-300)
    assert collector.age(clock.now()) == 0
    clock.advance(-1)
    assert collector.age(clock.now()) is None
    with pytest.raises(Refusal) as refused:
        await watched.append(Entry(EntryKind.INTENT, "e", clock.now(), {}))
    assert refused.value == Refusal(Reason.LEDGER_UNAVAILABLE, "the clock stands before the last cosignature: set it right")
    clock.advance(1)
    assert collector.age(clock.now()) == 0


def test_a_checkpoint_of_the_log_before_this_one_contradicts_nothing() -> None:
    log = GrowingLog().grow(20)

    class Source:
        def checkpoint(self) -> str:
            return log.note()

        def consistency(self, old: int, new: int) -> Sequence[bytes]:
            return log.proof(old, new)

    stated = Checkpoint.parse(Note.parse(log.note()).text)
    check_extends(Source(), replace(stated, origin="another", size=stated.size + 1))
    with pytest.raises(RolledBack, match=r"an older state .* put the newest state of the log back"):
        check_extends(Source(), replace(stated, size=stated.size + 1))
    with pytest.raises(RolledBack, match="are not those that were cosigned"):
        check_extends(Source(), replace(stated, root=bytes(32)))
