import asyncio
import os
import signal
import socket

import pytest
from starlette.responses import PlainTextResponse
from structlog.testing import capture_logs

from api.commands.foreground import Foreground, listen


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


def test_a_socket_on_which_others_answer_is_never_let_block() -> None:
    let: list[bool] = []

    class Watched(socket.socket):
        def settimeout(self, value: float | None) -> None:
            super().settimeout(value)
            let.append(os.get_blocking(self.fileno()))

    async def serve(foreground: Foreground) -> None:
        asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGTERM)
        await foreground.serve(
            PlainTextResponse("here"), shared, max_message_bytes=1, trusted_proxies=[], on_stop=lambda: None
        )

    with Watched(fileno=listen("127.0.0.1", 0).detach()) as shared:
        Foreground().run(serve)

    assert set(let) == {False}
