"""TCP ports on this machine."""

import secrets
import socket

# Below the range from which systems take the ports of outgoing connections, so that nothing takes ours between starts.
LOWEST, HIGHEST = 15_000, 32_000


def is_free(port: int, listen: str = "127.0.0.1") -> bool:
    """Return whether a server could listen on a port; `listen` as in PostgreSQL's listen_addresses."""
    host = "" if listen == "*" else listen.split(",", maxsplit=1)[0].strip()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL itself does: connections of an earlier server that are still fading away do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick(*, taken: set[int]) -> int:
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        if port not in taken and is_free(port):
            return port
