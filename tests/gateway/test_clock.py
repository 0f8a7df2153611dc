"""Ids, and the moments in them."""

import time
import uuid

from gateway.clock import new_id


def test_ids_are_uuids_of_version_7_that_follow_one_another() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid.UUID(new_id()) for _ in range(200)]
    after = time.time_ns() // 1_000_000
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    moments = [each.int >> 80 for each in made]
    assert moments == sorted(moments)
    assert before <= moments[0] <= moments[-1] <= after
    assert len({each.int & (1 << 62) - 1 for each in made}) == len(made)
