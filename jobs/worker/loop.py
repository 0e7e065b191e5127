"""Takes operations from the queue and does them, one at a time per lane."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from db.cancelling import pause
from db.control import Operation, operations
from db.errors import AppError
from jobs.site import Site
from jobs.worker.job import Job, Kind
from jobs.worker.leader import leading, leading_now
from jobs.worker.schedule import Scheduled, keeping

log = structlog.get_logger(__name__)

# Looks after something until it is cancelled.
Keeper = Callable[[Site], Awaitable[None]]

POLL_SECONDS = 0.2
RETRY_SECONDS = 2.0
MOST_LOSSES = 3
DIED_IN_IT = f"The worker died in the middle {MOST_LOSSES} times, and it was given up. The server's log may say why."
UNEXPECTED = "Something went wrong that nobody foresaw. The server's log has it under this operation's id."


async def work(
    site: Site, kinds: Sequence[Kind], schedule: Sequence[Scheduled] = (), keepers: Mapping[str, Keeper] | None = None
) -> None:
    """Do what is asked for until cancelled, once no other process does; keepers run beside it all the time."""
    async with leading(site.installation.states.directory):
        log.info("working", kinds=[kind.name for kind in kinds])
        await recover(site, kinds)
        async with asyncio.TaskGroup() as tasks:
            for name, keeper in (keepers or {}).items():
                tasks.create_task(_keep(site, name, keeper), name=name)
            for lane, members in _lanes(kinds).items():
                tasks.create_task(_lane(site, members), name=f"lane {lane}")
            async with keeping(site, schedule):
                await asyncio.Event().wait()


async def run_now(site: Site, operation: Operation, kinds: Sequence[Kind]) -> Operation:
    """Do one queued operation in this process, where no worker runs, and return it as it ended.

    Raises:
        WorkerBusyError: a worker runs.
    """
    async with leading_now(site.installation.states.directory):
        await recover(site, kinds)
        begun = await _begin(site, operation.id)
        if begun is not None:
            await _do(site, begun, _by_name(kinds))
    async with site.control.reading() as session:
        return await operations.by_id(session, operation.id) or operation


async def recover(site: Site, kinds: Sequence[Kind]) -> None:
    """Put back what a dead worker had begun, unless workers died in it too often. Only for the leader."""
    by_name = _by_name(kinds)
    async with site.control.transaction() as session:
        given_up = await operations.recover(session, by_name, most_losses=MOST_LOSSES, now=site.clock())
    for operation in given_up:
        log.error("operation given up", operation=operation.id, kind=operation.kind)
        if (abandon := by_name[operation.kind].abandon) is not None:
            try:
                await abandon(Job(site, operation))
            except Exception:
                log.exception("operation not cleaned up", operation=operation.id)
        await _fail(site, operation, DIED_IN_IT)


async def _keep(site: Site, name: str, keeper: Keeper) -> None:
    """Let a keeper run, and again when it fails."""
    while True:
        try:
            await keeper(site)
        except Exception:
            log.exception("keeper failed", keeper=name)
        await pause(RETRY_SECONDS)


async def _lane(site: Site, kinds: Mapping[str, Kind]) -> None:
    while True:
        try:
            operation = await _take(site, kinds)
        except Exception:
            log.exception("queue not read")
            operation = None
        if operation is None:
            await pause(POLL_SECONDS)
        else:
            await _do(site, operation, kinds)


async def _take(site: Site, kinds: Mapping[str, Kind]) -> Operation | None:
    async with site.control.reading() as session:
        if not await operations.any_queued(session, kinds):  # most often; a transaction would lock others out
            return None
    async with site.control.transaction() as session:
        return await operations.take(session, kinds, now=site.clock())


async def _begin(site: Site, operation_id: str) -> Operation | None:
    async with site.control.transaction() as session:
        return await operations.begin_one(session, operation_id, now=site.clock())


async def _do(site: Site, operation: Operation, kinds: Mapping[str, Kind]) -> None:
    """Do an operation to its end; when this worker is stopped in the middle, it goes back into the queue."""
    with structlog.contextvars.bound_contextvars(operation=operation.id, kind=operation.kind):
        log.info("operation begun", attempt=operation.attempts)
        try:
            outcome = await kinds[operation.kind].run(Job(site, operation))
        except asyncio.CancelledError:
            await _requeue(site, operation)
            raise
        except AppError as error:
            log.warning("operation failed", reason=error.message)
            await _fail(site, operation, f"{error.message} {error.hint or ''}".rstrip())
        except Exception:
            log.exception("operation failed")
            await _fail(site, operation, UNEXPECTED)
        else:
            await _end(site, lambda session: operations.complete(session, operation.id, outcome, now=site.clock()))
            log.info("operation done")


async def _requeue(site: Site, operation: Operation) -> None:
    async with site.control.transaction() as session:
        await operations.requeue(session, operation.id, now=site.clock())


async def _fail(site: Site, operation: Operation, error: str) -> None:
    await _end(site, lambda session: operations.give_up(session, operation.id, error, now=site.clock()))


async def _end(site: Site, change: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Write down how an operation ended, however long the control store cannot be written: its disk may be full."""
    while True:
        try:
            async with site.control.transaction() as session:
                await change(session)
        except Exception:
            log.exception("control store not written")
            await pause(RETRY_SECONDS)
        else:
            return


def _by_name(kinds: Iterable[Kind]) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


def _lanes(kinds: Iterable[Kind]) -> dict[str, dict[str, Kind]]:
    lanes: dict[str, dict[str, Kind]] = defaultdict(dict)
    for kind in kinds:
        lanes[kind.lane][kind.name] = kind
    return lanes
