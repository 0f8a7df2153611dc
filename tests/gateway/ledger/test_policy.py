"""Policies: who is enough and since when, and what is no policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.policy import Policy, PolicyRefused, collecting_faults
from tests.gateway.witness.growing import signer, witness

LOG = signer("log.test/1").verifier
A, B, C, D = (witness(f"witness.test/{n}").verifier for n in "abcd")
BOTH = f"""\
# both cities, and one of the two universities
log {LOG}
witness\tguangzhou {A} https://witness.guangzhou.test/
  witness foshan {B} http://127.0.0.1:8710
witness north {C}
witness south {D}

group universities any north south
group everybody all guangzhou foshan universities
quorum everybody
"""


def quorum(line: str) -> Policy:
    names = "\n".join(f"witness {name} {each}" for name, each in zip("abcd", (A, B, C, D), strict=True))
    return Policy.parse(f"log {LOG}\n{names}\n{line}\n")


def test_a_policy_is_read_as_written() -> None:
    policy = Policy.parse(BOTH)
    assert policy.logs == (LOG,)
    assert {each.name: (each.verifier, each.url) for each in policy.witnesses.values()} == {
        "guangzhou": (A, "https://witness.guangzhou.test"),
        "foshan": (B, "http://127.0.0.1:8710"),
        "north": (C, ""),
        "south": (D, ""),
    }
    assert policy.quorum == "everybody"


def test_groups_of_groups_are_counted() -> None:
    policy = Policy.parse(BOTH)
    assert policy.moment({A: 10, B: 20, C: 5, D: 15}) == 10
    assert policy.moment({A: 10, B: 20, C: 5}) == 5
    for missing in ({A: 10, B: 20}, {A: 10, C: 5, D: 15}, {}):
        assert policy.moment(missing) is None
        assert not policy.is_met(missing)


@pytest.mark.parametrize(
    ("line", "moment"),
    [("quorum a", 1), ("group g any a b c\nquorum g", 3), ("group g 2 a b c\nquorum g", 2), ("group g all a b c\nquorum g", 1)],
)
def test_the_moment_is_the_newest_at_which_enough_had_signed(line: str, moment: int) -> None:
    assert quorum(line).moment({A: 1, B: 2, C: 3}) == moment


@given(st.dictionaries(st.sampled_from([A, B, C, D]), st.integers(0, 50)), st.sampled_from([A, B, C, D]), st.integers(0, 50))
def test_one_more_signature_never_makes_it_older(moments: dict[object, int], more: object, at: int) -> None:
    policy = quorum("group two 2 a b c\ngroup g all two d\nquorum g")
    before = policy.moment(moments)  # type: ignore[arg-type]
    after = policy.moment({**moments, more: max(at, moments.get(more, 0))})  # type: ignore[arg-type]
    assert before is None or (after is not None and after >= before)


def test_who_needs_nobody_says_so() -> None:
    policy = Policy.parse("quorum none\n")
    assert policy.is_met({})
    assert policy.moment({}) is None


def test_strangers_do_not_count() -> None:
    assert not quorum("group g any a b\nquorum g").is_met({C: 1, witness("witness.test/x").verifier: 1})


WITNESS = f"witness a {A}\n"
WRONG = {
    "nothing": ("", "no quorum line"),
    "no quorum": (WITNESS, "no quorum line"),
    "two quorums": ("quorum none\nquorum none\n", "line 2"),
    "an unknown word": ("needs 2\n", "line 1"),
    "a quorum of nobody we know": (f"{WITNESS}quorum b\n", "line 2"),
    "a quorum before its witness": (f"quorum a\n{WITNESS}", "line 1"),
    "a name used twice": (f"{WITNESS}witness a {B}\nquorum a\n", "line 2"),
    "a key used twice": (f"{WITNESS}witness b {A}\nquorum a\n", "line 2"),
    "a log's key used twice": (f"log {LOG}\nlog {LOG}\nquorum none\n", "line 2"),
    "the name none": (f"witness none {A}\nquorum none\n", "line 1"),
    "a log's key for a witness": (f"witness a {LOG}\nquorum a\n", "no key of a witness"),
    "a witness's key for a log": (f"log {A}\nquorum none\n", "no key of a log"),
    "a broken key": (f"witness a {str(A)[:-4]}\nquorum a\n", "line 1"),
    "a witness without a key": ("witness a\nquorum a\n", "line 1"),
    "too many words": (f"witness a {A} http://a.test more\nquorum a\n", "line 1"),
    "a group of nobody": (f"{WITNESS}group g all\nquorum g\n", "line 2"),
    "a group that needs none": (f"{WITNESS}group g 0 a\nquorum g\n", "1 to 1"),
    "a group that needs too many": (f"{WITNESS}group g 2 a\nquorum g\n", "1 to 1"),
    "a group that needs a word": (f"{WITNESS}group g most a\nquorum g\n", "1 to 1"),
    "a group that needs other digits": (f"{WITNESS}group g １ a\nquorum g\n", "1 to 1"),
    "a member twice": (f"{WITNESS}group g all a a\nquorum g\n", "count twice"),
    "a member of two groups": (f"{WITNESS}group g all a\ngroup h all a\nquorum h\n", "count twice"),
    "a group of itself": (f"{WITNESS}group g all a g\nquorum g\n", "no witness or group"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_policy_is_refused_with_its_line(name: str) -> None:
    text, said = WRONG[name]
    with pytest.raises(PolicyRefused, match=said):
        Policy.parse(text)


@pytest.mark.parametrize(
    ("url", "authorities", "said"),
    [
        ("https://witness.test:8443/a", True, ""),
        ("https://witness.test", False, "name the CAs"),
        ("http://127.0.0.1:8710", False, ""),
        ("http://localhost:8710", True, ""),
        ("http://127.0.0.1.witness.test", True, "over https only"),
        ("http://127.0.0.1@witness.test", True, "over https only"),
        ("ftp://localhost", True, "over https only"),
        ("https://", True, "over https only"),
        ("https://witness.test:99999", True, "over https only"),
        ("http://[", True, "over https only"),
        ("witness.test", True, "over https only"),
        ("", True, "no address"),
    ],
)
def test_a_witness_is_asked_over_https_or_on_this_machine(url: str, authorities: bool, said: str) -> None:  # noqa: FBT001
    policy = Policy.parse(f"log {LOG}\nwitness a {A} {url}\nquorum a\n")
    found = list(collecting_faults(policy, [LOG], authorities=authorities))
    assert len(found) == bool(said)
    assert all(said in each for each in found)


def test_who_collects_needs_a_quorum_and_a_log_of_its_own() -> None:
    policy = Policy.parse(f"log {LOG}\nwitness a {A} http://localhost:1\nquorum none\n")
    nobody, log = collecting_faults(policy, [signer("log.test/2").verifier], authorities=False)
    assert "the quorum is none" in nobody
    assert "no log line" in log
