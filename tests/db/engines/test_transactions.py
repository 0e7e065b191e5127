import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.engines import EngineRole
from db.errors import DatabaseUnavailableError
from tests.db.engines.gates import Pair, served_by

INSERT = text("INSERT INTO staff (employee_num, name) VALUES (:n, 'x')")
COUNT = text("SELECT count(*) FROM staff")


async def count(pair: Pair) -> int:
    async with pair.engines.transaction() as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_the_block_did_is_committed_and_named(pair: Pair) -> None:
    async with pair.engines.transaction() as session:
        await session.execute(INSERT, {"n": "1"})
        assert session.lsn is None

    assert session.lsn is not None
    assert await count(pair) == 1


async def test_nothing_is_left_of_a_block_that_raises(pair: Pair) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is what is tested
        async with pair.engines.transaction() as session:
            await session.execute(INSERT, {"n": "1"})
            raise ZeroDivisionError

    assert session.lsn is None
    assert await count(pair) == 0


async def test_broken_rule_of_the_database_is_not_the_server_s_fault(pair: Pair) -> None:
    with pytest.raises(IntegrityError):
        async with pair.engines.transaction() as session:
            await session.execute(INSERT, {"n": " "})

    assert pair.engines.primary is not None


async def test_connection_that_breaks_in_the_middle_is_told_as_such(pair: Pair) -> None:
    with pytest.raises(DatabaseUnavailableError, match="before the change was saved"):  # noqa: PT012 - the block is what is tested
        async with pair.engines.transaction() as session:
            await session.execute(INSERT, {"n": "1"})
            pair.primary.cut()
            await session.execute(INSERT, {"n": "2"})

    assert await count(pair) == 0


async def test_connection_that_breaks_at_the_commit_leaves_it_open_what_happened(pair: Pair) -> None:
    with pytest.raises(DatabaseUnavailableError) as broken:  # noqa: PT012 - the block is what is tested
        async with pair.engines.transaction() as session:
            await session.execute(INSERT, {"n": "1"})
            pair.primary.cut()

    assert "may or may not have been saved" in str(broken.value.hint)


async def test_connections_that_broke_while_idle_fail_no_write(pair: Pair) -> None:
    await count(pair)
    pair.primary.cut()

    assert await count(pair) == 0
    assert await served_by(pair.engines) is EngineRole.REPLICA


async def test_error_of_the_block_s_own_is_passed_on_as_it_is(pair: Pair) -> None:
    with pytest.raises(FileNotFoundError):
        async with pair.engines.transaction():
            raise FileNotFoundError
