"""For loops that go on after every failure: one that has been cancelled ends, whatever became of the cancelling.

What is cancelled may raise another error on its way out: a connection that does not close in time, or a group of tasks
one of whose members failed. A loop that takes this for one more failure would go on for ever, and whoever waits for
its end with it.
"""

import asyncio


def heed() -> None:
    """Raise CancelledError where this task has been cancelled, and something on the way made another error of it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def pause(seconds: float) -> None:
    """Sleep between one round and the next; raises CancelledError at once where this task has been cancelled before."""
    heed()
    await asyncio.sleep(seconds)
