import asyncio
import signal

import pytest
from structlog.testing import capture_logs

from api.commands.foreground import Foreground


class Impatient(Foreground):
    slow_seconds = 0.1


@pytest.mark.usefixtures("unconfigured_logs")
def test_what_a_stop_still_waits_for_is_said() -> None:
    async def slow(_: Foreground) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            await asyncio.create_task(ending(), name="the last one")

    async def ending() -> None:
        await asyncio.sleep(0.5)

    with capture_logs() as said:
        Impatient().run(slow)

    waiting_for = [line["waiting_for"] for line in said if line["event"] == "still stopping"]
    assert waiting_for
    assert any(each.startswith("the last one: ") and "ending" in each for each in waiting_for[0])
