"""Posts JSON to a receiver over HTTP, and says what its answer means for what was posted."""

import logging
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx

from jobs.alerts.channels.channel import LaterError, RefusedError

# Every URL is logged at INFO otherwise, and Slack's is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

TIMEOUT_SECONDS = 10.0
# A receiver that asks for more is asked again after this.
LONGEST_WAIT = timedelta(hours=1)
SHOWN = 200


async def post(url: str, body: dict[str, Any], *, secret: str, now: datetime | None = None) -> None:
    """Post and return once the receiver has taken it.

    Args:
        url: where to.
        body: what, as JSON.
        secret: what must not be in any error.
        now: for dates in the answer.

    Raises:
        LaterError: it is out of reach, in trouble (5xx) or overrun (429).
        RefusedError: it answered something else.
    """
    try:
        async with httpx.AsyncClient(verify=_trust(), timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            response = await client.post(url, json=body)
    except httpx.TransportError as failure:
        reason = str(failure) or type(failure).__name__
        raise LaterError(f"It cannot be reached: {_without(secret, reason)}.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        raise RefusedError(f"It cannot be posted to: {type(failure).__name__}.") from None
    _judge(response, secret, now or datetime.now(UTC))


@cache
def _trust() -> ssl.SSLContext:
    """Return the system's certificates, which take long to read."""
    return httpx.create_ssl_context()


def _judge(response: httpx.Response, secret: str, now: datetime) -> None:
    if response.is_success:
        return
    said = _without(secret, " ".join(response.text.split()))[:SHOWN]
    answer = f"It answered {response.status_code}{f': {said}' if said else ''}."
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or response.is_server_error:
        raise LaterError(answer, after=retry_after(response.headers.get("retry-after"), now=now))
    raise RefusedError(answer)


def retry_after(header: str | None, *, now: datetime) -> timedelta | None:
    """Return how long a receiver asks to be left alone: it says seconds, or an HTTP date; None when it says neither."""
    if header is None:
        return None
    try:
        wait = timedelta(seconds=int(header)) if header.strip().isdigit() else _date(header) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _date(header: str) -> datetime:
    moment = parsedate_to_datetime(header)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "***") if len(secret) > 1 else text
