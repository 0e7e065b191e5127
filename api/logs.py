"""Structured logs on standard error: one line an event, JSON for machines, colours for a terminal."""

import json
import logging
import sys
from datetime import UTC, datetime
from functools import cache
from typing import Literal

import orjson
import structlog

LogFormat = Literal["json", "console"]
REQUESTS = "api.requests"


class Requests:
    """The line of a request, which every one has: where lines are JSON it is written without a logger's layers.

    It is the same line either way, but for its time.
    """

    def __init__(self) -> None:
        self._straight: _Lines | None = None

    def configure(self, lines: "_Lines | None") -> None:
        """Write straight to `lines`; by the logger where there are none."""
        self._straight = lines

    def say(self, request_id: str, **about: object) -> None:
        if self._straight is None:
            structlog.get_logger(REQUESTS).info("request", **about)
            return
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        bound = {"event": "request", "request_id": request_id, "level": "info", "logger": REQUESTS, "timestamp": at}
        self._straight.msg(_as_json(about | bound))


requests = Requests()


def configure(log_format: LogFormat | None = None, *, level: int = logging.INFO) -> None:
    """Send every log line, the libraries' included, through structlog to standard error.

    Args:
        log_format: console on a terminal and JSON elsewhere when not given.
        level: the least severe level that is written.
    """
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    requests.configure(_Lines(REQUESTS) if chosen == "json" and level <= logging.INFO else None)
    if chosen == "json":  # straight to standard error: through `logging`, a line costs a tenth of a search
        structlog.configure(
            processors=[
                *shared,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_as_json),
            ],
            logger_factory=cache(_Lines),
            wrapper_class=structlog.make_filtering_bound_logger(level),
        )
    else:
        structlog.configure(
            processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_renderers(chosen)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
    # Every request is logged once, by api.requests.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # What the schedule asks for is logged by jobs.worker.schedule.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


def _renderers(chosen: LogFormat) -> list[structlog.typing.Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if chosen == "console":
        # Without the frames' variables, which hold names, tokens and passwords.
        traceback = structlog.dev.RichTracebackFormatter(show_locals=False)
        return [drop, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=traceback)]
    return [drop, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


class _Lines(structlog.BytesLogger):
    """Writes one line after the other to standard error."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr.buffer)
        self.name = name


def _as_json(event: object, **_: object) -> bytes:
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a character, or a number of more than 64 bits
        return json.dumps(event, default=repr).encode()
