"""Subscriptions over WebSocket, by the protocol `graphql-transport-ws` of npm's `graphql-ws`."""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.types.execution import PreExecutionError

from api.admission import Admission
from api.authentication import Authentication
from api.credentials import bearer
from api.graphql_request import GraphQLRequest, request_of
from api.graphql_response import body_of
from api.streams import Streams, TooManyStreamsError, results_of
from api.trusted_documents import TrustedDocuments
from db.errors import AppError
from schema.build import Schema
from schema.context import Contexts
from schema.errors import UNEXPECTED, as_graphql_error
from schema.roles import ANONYMOUS, Identity, UnauthenticatedError

log = structlog.get_logger(__name__)

SUBPROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
MOST_SUBSCRIPTIONS = 20
LONGEST_ID = 200

Message = dict[str, Any]


class Code(IntEnum):
    """Why the server closes a connection; the numbers are the protocol's."""

    INTERNAL_ERROR = 1011
    INVALID_MESSAGE = 4400
    NOT_INITIALISED = 4401
    FORBIDDEN = 4403
    WRONG_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_IN_USE = 4409
    TOO_MANY = 4429


class ClosingError(Exception):
    """The connection is closed with this code and reason."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GraphQLWebSocket:
    schema: Schema
    contexts: Contexts
    authentication: Authentication
    streams: Streams
    documents: TrustedDocuments
    admission: Admission

    async def __call__(self, websocket: WebSocket) -> None:
        if not self.admission.origins.trust(websocket):
            await websocket.close()  # before it is accepted: the browser sees 403
            return
        if SUBPROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(Code.WRONG_SUBPROTOCOL, f"The subprotocol is {SUBPROTOCOL}.")
            return
        await websocket.accept(SUBPROTOCOL)
        conversation = _Conversation(self, websocket)
        try:
            await conversation.hold()
        except WebSocketDisconnect:
            pass
        except ClosingError as closing:
            await _close(websocket, closing.code, closing.reason)
        except Exception:
            log.exception("websocket failed")
            await _close(websocket, Code.INTERNAL_ERROR, UNEXPECTED)
        finally:
            await conversation.end()


class _Conversation:
    """One connection: who is on it, and the subscriptions it carries."""

    def __init__(self, endpoint: GraphQLWebSocket, websocket: WebSocket) -> None:
        self._endpoint = endpoint
        self._websocket = websocket
        self._origin = endpoint.authentication.origin_of(websocket.scope)
        self._subscriptions: dict[str, asyncio.Task[None]] = {}

    async def hold(self) -> None:
        """Talk until one side closes.

        Raises:
            ClosingError: the server does.
            WebSocketDisconnect: the client did.
        """
        identity = await self._initialise()
        try:
            with self._endpoint.streams.seat(identity.name):
                await self._send({"type": "connection_ack"})
                await self._talk(identity)
        except TooManyStreamsError as error:
            raise ClosingError(Code.TOO_MANY, error.message) from error

    async def _talk(self, identity: Identity) -> None:
        """Hear what comes, as long as the identity counts."""
        hearing = asyncio.create_task(self._hear_all(identity))
        ending = asyncio.create_task(self._endpoint.authentication.ended(identity))
        try:
            await asyncio.wait({hearing, ending}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
            raise ClosingError(Code.FORBIDDEN, ending.result())
        finally:
            hearing.cancel()
            ending.cancel()
            await asyncio.gather(hearing, ending, return_exceptions=True)
            # What is raised keeps this frame, and a task what it has raised: all of a connection would wait for the
            # garbage collector.
            del hearing, ending

    async def _hear_all(self, identity: Identity) -> None:
        while True:
            await self._hear(await self._receive(), identity)

    async def end(self) -> None:
        tasks = list(self._subscriptions.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _initialise(self) -> Identity:
        """Wait until the client says who it is; the cookie or header of the handshake counts too."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while (message := await self._receive())["type"] != "connection_init":
                    await self._pong(message)
        except TimeoutError as error:
            raise ClosingError(Code.INIT_TIMEOUT, "connection_init did not come in time.") from error
        try:
            identity = await self._identify(message.get("payload"))
        except UnauthenticatedError as error:
            raise ClosingError(Code.FORBIDDEN, error.message) from error
        if identity is ANONYMOUS:
            raise ClosingError(Code.FORBIDDEN, "This needs a sign-in: send `authorization` in connection_init.")
        return identity

    async def _identify(self, payload: object) -> Identity:
        if not isinstance(payload, dict | None):
            raise ClosingError(Code.INVALID_MESSAGE, "The payload of connection_init is not an object.")
        given = cast("Message", payload or {})
        header = given.get("authorization", given.get("Authorization"))
        authentication = self._endpoint.authentication
        if header is None:
            return await authentication.identify(self._websocket, self._origin)
        # Once for a connection, however long it lasts: the tokens of a crowd would stay when it has left.
        return await authentication.identify_token(bearer(str(header)) or "", self._origin, again=False)

    async def _hear(self, message: Message, identity: Identity) -> None:
        match message["type"]:
            case "subscribe":
                await self._subscribe(_id_of(message), message.get("payload"), identity)
            case "complete":
                if (task := self._subscriptions.pop(_id_of(message), None)) is not None:
                    task.cancel()
            case "connection_init":
                raise ClosingError(Code.TOO_MANY, "There was a connection_init before.")
            case _:
                await self._pong(message)

    async def _pong(self, message: Message) -> None:
        match message["type"]:
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                raise ClosingError(Code.NOT_INITIALISED, "connection_init comes first.")
            case _:
                raise ClosingError(Code.INVALID_MESSAGE, "There is no such type of message.")

    async def _subscribe(self, key: str, payload: object, identity: Identity) -> None:
        if key in self._subscriptions:
            raise ClosingError(Code.ID_IN_USE, "Another subscription has this id.")
        if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            many = f"This connection carries {MOST_SUBSCRIPTIONS} subscriptions, which is as many as it may."
            await self._refuse(key, TooManyStreamsError(many))
            return
        try:
            request = request_of(payload, self._endpoint.documents)
        except AppError as error:
            await self._refuse(key, error)
            return
        self._subscriptions[key] = asyncio.create_task(self._run(key, request, identity))

    async def _run(self, key: str, request: GraphQLRequest, identity: Identity) -> None:
        try:
            with self._endpoint.streams.subscription(identity.name):
                if await self._stream(key, request, identity):
                    await self._send({"type": "complete", "id": key})
        except WebSocketDisconnect:
            pass
        except TooManyStreamsError as error:
            await self._refuse(key, error)
        except Exception:
            log.exception("subscription failed")
            await self._refuse(key, AppError(UNEXPECTED))
        finally:
            if self._subscriptions.get(key) is asyncio.current_task():
                del self._subscriptions[key]

    async def _stream(self, key: str, request: GraphQLRequest, identity: Identity) -> bool:
        """Send every result; return False when the subscription was refused before it began."""
        # The context has no way back to the connection: whatever keeps an execution would keep all of it.
        rates, scope = self._endpoint.admission.rates, self._websocket.scope
        context = self._endpoint.contexts.of(
            identity, origin=self._origin, charge=lambda cost: rates.charge(scope, identity, cost)
        )
        async with aclosing(results_of(self._endpoint.schema, request, context)) as results:
            async for result in results:
                if isinstance(result, PreExecutionError):
                    await self._send({"type": "error", "id": key, "payload": body_of(result)["errors"]})
                    return False
                await self._send({"type": "next", "id": key, "payload": body_of(result)})
        return True

    async def _refuse(self, key: str, error: AppError) -> None:
        await self._send({"type": "error", "id": key, "payload": [as_graphql_error(error).formatted]})

    async def _receive(self) -> Message:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        try:
            message = orjson.loads(received.get("text") or "")
        except orjson.JSONDecodeError as error:
            raise ClosingError(Code.INVALID_MESSAGE, "The message is not JSON in text.") from error
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ClosingError(Code.INVALID_MESSAGE, "The message is not an object with a type.")
        return cast("Message", message)

    async def _send(self, message: Message) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect
        try:
            await self._websocket.send_text(orjson.dumps(message).decode())
        except RuntimeError as error:  # it was closed meanwhile
            raise WebSocketDisconnect from error


def _id_of(message: Message) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID:
        raise ClosingError(Code.INVALID_MESSAGE, "The message has no id.")
    return key


async def _close(websocket: WebSocket, code: Code, reason: str) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):  # the client was faster
            await websocket.close(code, reason[:120])  # a reason has 123 bytes at most
