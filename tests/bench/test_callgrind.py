"""Of callgrind's file what each Python function cost, with all that it called."""

from bench.callgrind import Cost, by_function

MAP = """\
5000 b py::outer:stages/some.py
5010 b py::inner:stages/some.py
9000 40 something else that was compiled
"""
PROFILE = """\
# callgrind format
events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
ob=(1) python
fl=(1) ceval.c
fn=(1) evaluated
12 1000
cob=(2) ???
cfn=(2) 0x0000000000005000
calls=2 0
+3 500 1 1 10 5 5 2 1
fn=(2)
0 7
cob=(1)
cfn=(1)
calls=2 0
* 480
fn=(3) evaluated'2
12 3
cfn=(4) 0x0000000000005010'2
calls=5 0
-3 200
cfn=(5) 0x0000000000005010
calls=1 0
5 50
cfn=(6) 0x0000000000009004
calls=1 0
5 50
cfn=(7) 0x0000000000004fff
calls=1 0
5 50
"""


def test_a_function_costs_what_was_counted_in_its_calls() -> None:
    found = by_function(PROFILE.splitlines(keepends=True), MAP.splitlines(keepends=True))
    outer = Cost(500, 500 * 0.4 + 20 * 14.0 + 3 * 45.0, 2)
    assert [*found.items()] == [("outer:stages/some.py", outer), ("inner:stages/some.py", Cost(250, 100.0, 6))]


def test_events_that_are_left_out_did_not_happen() -> None:
    assert Cost.of([10]) == Cost.of([10, 0, 0, 0]) == Cost(10, 4.0)
