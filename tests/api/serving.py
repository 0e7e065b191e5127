"""An application on a port of loopback, for what only a real connection shows."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from api.http import Protocol, WebSocketProtocol
from api.settings import Settings


@asynccontextmanager
async def listening(
    app: ASGIApp, protocol: type[Protocol] = Protocol, websocket: type[WebSocketProtocol] = WebSocketProtocol
) -> AsyncGenerator[int]:
    """Serve an application as `yukyu up` does and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=protocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            ws=websocket,
            ws_per_message_deflate=False,
            ws_max_size=Settings().max_request_bytes,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running
