import ipaddress

import pytest
from starlette.requests import Request

from api.address import address_of

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32")]


def request(client: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    scope = {"type": "http", "headers": headers, "client": (client, 1) if client else None}
    return Request(scope)


def test_what_a_client_claims_is_not_believed() -> None:
    assert address_of(request("192.0.2.1", "198.51.100.1"), []) == "192.0.2.1"
    assert address_of(request("192.0.2.1", "198.51.100.1"), PROXIES) == "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["198.51.100.1"], "198.51.100.1"),
        (["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        (["1.1.1.1", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        (["1.1.1.1, nonsense, 10.0.0.7"], "10.0.0.7"),
        (["::ffff:198.51.100.1"], "198.51.100.1"),
        (["2001:db8::1"], "2001:db8::1"),
        ([""], "10.0.0.1"),
        ([], "10.0.0.1"),
        ([",".join(["10.0.0.2"] * 1000)], "10.0.0.2"),
    ],
)
def test_of_what_proxies_say_the_last_that_is_no_proxy_counts(forwarded: list[str], address: str) -> None:
    assert address_of(request("10.0.0.1", *forwarded), PROXIES) == address


def test_a_connection_without_an_address_has_none() -> None:
    assert address_of(request(None, "198.51.100.1"), PROXIES) is None
