import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.control import OperationState, audit
from db.errors import AppError
from jobs.site import Site
from jobs.worker import loop
from jobs.worker.job import Job, Kind
from jobs.worker.leader import WorkerBusyError, leading
from tests import forking
from tests.jobs.worker.sites import ask, ended, reread, working


async def echo(job: Job) -> dict[str, Any]:
    await job.report(0.25, "a quarter")
    return {"said": job.arguments["word"], "attempts": job.operation.attempts}


ECHO = Kind("echo", "test", echo)


async def test_an_operation_is_done_and_its_outcome_kept(site: Site) -> None:
    operation = await ask(site, "echo", word="はい")

    async with working(site, [ECHO]):
        done = await ended(site, operation)

    assert done.state == OperationState.SUCCEEDED
    assert done.outcome == {"said": "はい", "attempts": 1}
    assert (done.progress, done.message) == (1.0, "a quarter")


async def test_a_failure_is_told_in_its_own_words_with_the_way_out(site: Site) -> None:
    async def full(_: Job) -> dict[str, Any]:
        raise AppError("The disk is full.", hint="Make room.")

    operation = await ask(site, "full")
    async with working(site, [Kind("full", "test", full)]):
        failed = await ended(site, operation)

    assert failed.state == OperationState.FAILED
    assert failed.error == "The disk is full. Make room."
    async with site.control.reading() as session:
        results = [entry.result for entry in await audit.newest(session, subject=operation.id, limit=9)]
    assert results == ["failed", "requested"]


async def test_what_nobody_foresaw_is_masked_and_the_worker_goes_on(site: Site) -> None:
    async def broken(_: Job) -> dict[str, Any]:
        raise ValueError("a password")

    first, second = await ask(site, "broken"), await ask(site, "echo", word="hai")
    async with working(site, [Kind("broken", "test", broken), ECHO]):
        failed, done = await ended(site, first), await ended(site, second)

    assert "password" not in str(failed.error)
    assert done.state == OperationState.SUCCEEDED


async def test_operations_of_a_lane_wait_for_each_other_and_lanes_do_not(site: Site) -> None:
    busy: dict[str, int] = {"one": 0, "two": 0}
    most: dict[str, int] = {"one": 0, "two": 0}
    together = asyncio.Event()

    async def run(job: Job) -> dict[str, Any]:
        lane = job.arguments["lane"]
        busy[lane] += 1
        most[lane] = max(most[lane], busy[lane])
        if all(busy.values()):
            together.set()
        await together.wait()
        await asyncio.sleep(0)
        busy[lane] -= 1
        return {}

    asked = [await ask(site, kind, lane=lane) for kind, lane in (("a", "one"), ("b", "one"), ("c", "two"))]
    async with working(site, [Kind("a", "one", run), Kind("b", "one", run), Kind("c", "two", run)]):
        states = {(await ended(site, operation)).state for operation in asked}

    assert states == {OperationState.SUCCEEDED}
    assert most == {"one": 1, "two": 1}


async def test_a_worker_that_is_stopped_puts_its_operation_back(site: Site) -> None:
    begun = asyncio.Event()

    async def slow(_: Job) -> dict[str, Any]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    operation = await ask(site, "echo", word="hai")
    async with working(site, [Kind("echo", "test", slow)]):
        await begun.wait()
    assert (await reread(site, operation)).state == OperationState.QUEUED

    async with working(site, [ECHO]):
        done = await ended(site, operation)
    assert done.outcome["attempts"] == 2


async def test_a_worker_is_stopped_though_a_keeper_fails_on_its_way_out(site: Site) -> None:
    begun: list[asyncio.Event] = []

    async def stubborn(_: Site) -> None:
        begun.append(asyncio.Event())
        try:
            begun[-1].set()
            await asyncio.Event().wait()
        finally:
            raise OSError("its connection does not close")

    worker = asyncio.create_task(loop.work(site, [ECHO], keepers={"stubborn": stubborn}))
    async with asyncio.timeout(60):
        while not begun:  # noqa: ASYNC110 - the list is filled by what is started
            await asyncio.sleep(0)
        await begun[0].wait()
        worker.cancel()
        await asyncio.wait([worker])

    assert worker.cancelled()
    assert len(begun) == 1


async def test_the_next_worker_does_what_a_killed_one_had_begun(site: Site) -> None:
    operation = await ask(site, "test")
    await begin_and_kill(site)

    async def finish(job: Job) -> dict[str, Any]:
        return {"attempts": job.operation.attempts}

    async with working(site, [Kind("test", "test", finish)]):
        done = await ended(site, operation)

    assert done.state == OperationState.SUCCEEDED
    assert done.outcome == {"attempts": 2}


async def test_an_operation_that_workers_keep_dying_in_is_given_up(site: Site) -> None:
    abandoned: list[str] = []

    async def abandon(job: Job) -> None:
        abandoned.append(job.id)

    operation = await ask(site, "test")
    for _ in range(loop.MOST_LOSSES - 1):
        async with site.control.transaction() as session:
            found = await session.merge(await reread(site, operation))
            found.losses += 1
    await begin_and_kill(site)

    async with working(site, [Kind("test", "test", echo, abandon)]):
        failed = await ended(site, operation)

    assert failed.state == OperationState.FAILED
    assert failed.error == loop.DIED_IN_IT
    assert abandoned == [operation.id]


async def test_a_second_worker_waits_until_the_first_has_ended(site: Site) -> None:
    async with leading(site.installation.states.directory):
        operation = await ask(site, "echo", word="hai")
        second = asyncio.create_task(loop.work(site, [ECHO]))
        await asyncio.sleep(3 * loop.POLL_SECONDS)  # long enough to take it, if it would
        assert (await reread(site, operation)).state == OperationState.QUEUED
    await ended(site, operation)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_one_operation_is_done_at_once_where_no_worker_runs(site: Site) -> None:
    done = await loop.run_now(site, await ask(site, "echo", word="hai"), [ECHO])

    assert done.state == OperationState.SUCCEEDED


async def test_it_is_left_to_the_worker_where_one_runs(site: Site) -> None:
    operation = await ask(site, "echo", word="hai")

    async with leading(site.installation.states.directory):
        with pytest.raises(WorkerBusyError, match="already"):
            await loop.run_now(site, operation, [ECHO])


async def begin_and_kill(site: Site) -> None:
    """Let a worker in another process begin what is asked for, and kill it in the middle."""
    worker = await start(site.installation.layout.root)
    try:
        async with asyncio.timeout(60):
            while not await half_done(site):  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.05)
    finally:
        worker.kill()
        await worker.wait()


async def half_done(site: Site) -> bool:
    async with site.control.reading() as session:
        return any(operation.message == "half done" for operation in await loop.operations.open_of(session, ["test"]))


async def start(directory: Path) -> forking.Process:
    return await forking.python("-m", "tests.jobs.worker.process", directory)
