import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from db.cluster.postmaster import Postmaster
from db.control import audit
from db.errors import BadInputError
from db.lsn import Lsn
from db.repository import marks
from jobs.backups import create_restore_point
from jobs.backups.points import NAMING
from jobs.backups.primary import primary
from jobs.site import Site
from tests.jobs.backups.doing import connected, incarnation, until


@pytest.mark.every_version(others="long")
async def test_a_restore_point_is_marked_where_it_is(site: Site) -> None:
    async with connected(site) as connection:
        before = Lsn.parse(await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text"))
        made = await create_restore_point(site, "before the import 輸入前", by="admin")
        flushed = Lsn.parse(await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text"))

    assert before < Lsn.parse(made.lsn) <= flushed
    (mark,) = [each for each in marks.points(incarnation(site)) if each.name == made.name]
    assert (str(mark.lsn), mark.timeline, mark.at) == (made.lsn, 1, made.created_at)
    async with site.control.reading() as session:
        (entry,) = await audit.newest(session, subject=made.name, limit=9)
    assert (entry.who, entry.action, entry.result) == ("admin", "restore-point", "succeeded")


@pytest.mark.parametrize("name", ["", "  ", "あ" * 22, "a" * 64, "line\nbreak", "null\0"])
async def test_a_name_that_postgresql_could_not_find_again_is_refused(site: Site, name: str) -> None:
    with pytest.raises(BadInputError):
        await create_restore_point(site, name, by="admin")


async def test_of_two_who_give_a_name_at_once_one_gets_it(site: Site) -> None:
    answers = await asyncio.gather(
        *(create_restore_point(site, "once", by=who) for who in ("admin", "operator")), return_exceptions=True
    )

    assert sum(isinstance(answer, BadInputError) for answer in answers) == 1
    assert len([each for each in marks.points(incarnation(site)) if each.name == "once"]) == 1


@asynccontextmanager
async def silent(site: Site) -> AsyncIterator[None]:
    """Let the primary take connections and say nothing."""
    postmaster = Postmaster.find(site.installation.data_directory(primary(site)))
    assert postmaster is not None
    process = psutil.Process(postmaster.pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


async def test_nobody_waits_for_the_primary_but_who_asked_it(site: Site) -> None:
    async with silent(site):
        asking = asyncio.create_task(create_restore_point(site, "in silence", by="admin"))
        await until((incarnation(site).root / NAMING).exists)
        async with site.control.transaction() as session:
            await audit.record(session, who="operator", action="test", subject="meanwhile", result=audit.SUCCEEDED)
        answered = asking.done()

    assert not answered
    assert (await asking).name == "in silence"
