import asyncio

from starlette.types import Receive, Scope, Send

from api.requests import RequestLog
from tests import clients
from tests.api.serving import listening


async def forever(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


async def test_a_request_that_outlasts_a_stop_is_told_that_the_server_stops() -> None:
    async with clients.client(timeout=10) as client:
        async with listening(RequestLog(forever)) as port:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/"))
            await asyncio.sleep(0.2)
        answer = await asking

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "DATABASE_UNAVAILABLE"
    assert answer.headers["x-request-id"]
