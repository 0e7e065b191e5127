import asyncio

from jobs.backups.progress import reported


async def test_a_report_that_has_begun_is_ended_and_none_follows() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    reports: list[float] = []

    async def slow(progress: float, _message: str) -> None:
        begun.set()
        await ended.wait()
        reports.append(progress)

    async def half() -> float | None:
        return 0.5

    async with reported(slow, "Copying", half):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, ended.set)

    assert reports == [0.5]
