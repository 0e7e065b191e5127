"""A thousand who follow the feed, on one API process; the figures are in docs/performance.md."""

import resource
from pathlib import Path

import pytest

from bench import feed

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SUBSCRIBERS = 1000
# One second is what it takes; a machine that is busy with other tests is given more.
BOUND_SECONDS = 5
MARGIN_MIB = 15
# What may stay of the memory that a crowd takes: pages on which anything lies that was made meanwhile and stays.
STAYING = 0.4


async def test_an_event_reaches_a_thousand_and_memory_goes_back_when_they_leave(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3 * SUBSCRIBERS)), hard))

    found = await feed.measure(tmp_path, subscribers=SUBSCRIBERS, events=5)

    assert found["median"] < BOUND_SECONDS
    taken = found["memory with first"] - found["memory before first"]
    assert found["memory before second"] < found["memory before first"] + STAYING * taken
    assert found["memory with second"] < found["memory with first"] + MARGIN_MIB
    assert found["memory after"] < found["memory before second"] + MARGIN_MIB
