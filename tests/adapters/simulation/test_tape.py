"""The tape keeps the last exchanges, cut to a size that a terminal bears."""

from adapters.simulation.operation import Asked, Operation, Reply
from adapters.simulation.tape import KEPT, LONGEST, Tape

DOOR = Operation("f1", "ask", "POST", "/ask", lambda _: Reply(b""))


def recorded(count: int, body: bytes = b"?", reply: Reply | None = None) -> Tape:
    """A tape of `count` equal exchanges."""
    tape = Tape()
    asked = Asked("POST", "/ask?a=1", {"a": "1"}, {"X-Kind": "test"}, body, 0.0)
    for _ in range(count):
        tape.record(DOOR, "ask", asked, reply or Reply(b"!"), None)
    return tape


def test_the_last_two_hundred_are_kept_and_numbered_without_gaps() -> None:
    tape = recorded(KEPT + 5)
    assert [entry["seq"] for entry in tape.after(0)] == list(range(6, KEPT + 6))
    assert [entry["seq"] for entry in tape.after(KEPT + 3)] == [KEPT + 4, KEPT + 5]
    assert tape.after(tape.last) == []
    assert (tape.last, Tape().last) == (KEPT + 5, 0)


def test_an_entry_has_both_sides_as_they_went() -> None:
    reply = Reply("佛山".encode("gb18030"), 200, "text/xml", "gb18030", request_inner="<q/>", response_inner="<a/>")
    [entry] = recorded(1, "广州".encode("gb18030"), reply).after(0)
    assert entry["request"] == {
        "method": "POST",
        "path": "/ask?a=1",
        "headers": {"X-Kind": "test"},
        "body": "广州",
        "inner": "<q/>",
    }
    assert entry["response"] == {"status": 200, "body": "佛山", "inner": "<a/>"}


def test_a_long_body_is_cut() -> None:
    [entry] = recorded(1, b"x" * (LONGEST + 1), Reply(b"y" * (LONGEST + 1))).after(0)
    assert (len(entry["request"]["body"]), len(entry["response"]["body"])) == (LONGEST, LONGEST)
