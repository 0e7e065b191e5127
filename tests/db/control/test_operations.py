from datetime import UTC, datetime, timedelta

from db.control import Control, Operation, OperationState, audit, ledger, operations

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


async def ask(control: Control, kind: str = "backup", *, now: datetime = NOW) -> Operation:
    async with control.transaction() as session:
        return await operations.request(session, kind, {}, by="aiko", now=now)


async def take(control: Control, *kinds: str) -> Operation | None:
    async with control.transaction() as session:
        return await operations.take(session, kinds, now=LATER)


async def reread(control: Control, operation: Operation) -> Operation:
    async with control.reading() as session:
        found = await operations.by_id(session, operation.id)
    assert found is not None
    return found


async def test_the_oldest_is_taken_first(control: Control) -> None:
    younger, older = await ask(control, now=LATER), await ask(control, now=NOW)

    taken = [await take(control, "backup") for _ in range(3)]

    assert [each.id if each else None for each in taken] == [older.id, younger.id, None]


async def test_operations_of_other_kinds_are_left(control: Control) -> None:
    await ask(control, "restore")

    assert await take(control, "backup", "verify-backup") is None


async def test_taking_one_begins_it(control: Control) -> None:
    operation = await ask(control)

    await take(control, "backup")

    begun = await reread(control, operation)
    assert (begun.state, begun.attempts, begun.started_at) == (OperationState.RUNNING, 1, LATER)
    assert begun.version == operation.version + 1


async def test_what_a_dead_worker_had_begun_is_put_back_until_it_was_lost_too_often(control: Control) -> None:
    operation = await ask(control)

    given_up: list[list[Operation]] = []
    for _ in range(3):
        await take(control, "backup")
        async with control.transaction() as session:
            given_up.append(await operations.recover(session, ["backup"], most_losses=3, now=LATER))

    assert [len(each) for each in given_up] == [0, 0, 1]
    assert given_up[2][0].id == operation.id
    assert (await reread(control, operation)).losses == 3


async def test_being_stopped_in_the_middle_is_no_loss(control: Control) -> None:
    operation = await ask(control)
    await take(control, "backup")

    async with control.transaction() as session:
        await operations.requeue(session, operation.id, now=LATER)

    queued = await reread(control, operation)
    assert (queued.state, queued.attempts, queued.losses) == (OperationState.QUEUED, 1, 0)


async def test_the_audit_log_says_who_asked_and_how_it_ended(control: Control) -> None:
    done, failed = await ask(control), await ask(control, "restore")

    async with control.transaction() as session:
        await operations.complete(session, done.id, {"bytes": 7}, now=LATER)
        await operations.give_up(session, failed.id, "The disk is full.", now=LATER)

    async with control.reading() as session:
        of_done = [entry.result for entry in await audit.newest(session, subject=done.id, limit=9)]
        last = (await audit.newest(session, subject=failed.id, limit=1))[0]
    assert of_done == ["succeeded", "requested"]
    assert (last.who, last.action, last.result) == ("aiko", "restore", "failed")
    assert last.details == {"error": "The disk is full."}


async def test_a_run_of_the_schedule_is_entered_once(control: Control) -> None:
    async with control.transaction() as session:
        first = await ledger.enter(session, "daily", due_at=NOW)
    async with control.transaction() as session:
        again = await ledger.enter(session, "daily", due_at=NOW)
        await ledger.asked(session, again, "an-operation", now=LATER)

    async with control.reading() as session:
        newest = await ledger.newest(session, "daily")
    assert first.number == again.number
    assert newest is not None
    assert (newest.operation_id, newest.asked_at) == ("an-operation", LATER)
