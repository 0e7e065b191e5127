"""HTTP clients of servers on this machine."""

import ssl
from functools import cache
from typing import Any

import httpx


def client(**options: Any) -> httpx.AsyncClient:
    """Return a client that does not read all certificates of the system, which takes longer than what it asks."""
    return httpx.AsyncClient(verify=_trusting_nobody(), **options)


@cache
def _trusting_nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
