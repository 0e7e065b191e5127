"""Where a request comes from, on the network."""

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = "x-forwarded-for"
# Longer lists are of no proxy that anybody runs.
MOST_HOPS = 20


def address_of(connection: HTTPConnection, trusted: Sequence[Network]) -> str | None:
    """Return the client's address: the connection's own, or the last one that only trusted proxies have passed on.

    What comes from elsewhere may claim any address, so that its `X-Forwarded-For` is not read.
    """
    address = connection.client.host if connection.client else None
    if not trusted or not _is_trusted(address, trusted):
        return address
    hops = ",".join(connection.headers.getlist(FORWARDED)).split(",")[-MOST_HOPS:]
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        parsed = _parsed(hop)
        if parsed is None:
            return address
        address = str(parsed)
        if not _is_trusted(address, trusted):
            return address
    return address


def _is_trusted(address: str | None, trusted: Sequence[Network]) -> bool:
    parsed = None if address is None else _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
