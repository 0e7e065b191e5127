"""TLS to PostgreSQL: whether what a URL says of it can be done, and why a server was refused, in sentences."""

import os
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
FILES: Final = ("sslrootcert", "sslcert", "sslkey")
# Where libpq and asyncpg look for an authority when the URL names none.
DEFAULT_AUTHORITY: Final = Path(".postgresql") / "root.crt"

# OpenSSL's numbers (X509_V_ERR_…), in groups that are mended in the same way.
EXPIRED: Final = frozenset({10})
UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21})
OTHER_NAME: Final = frozenset({62, 64})


def fault_of(url: str) -> str | None:
    """Return what is wrong with the TLS parameters of a libpq URL, or None; files are opened, no server is asked."""
    try:
        query = urlsplit(url).query
        given = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    except ValueError:
        return "what follows the ? in a database address is name=value, joined by &"
    mode = given.get("sslmode")
    if mode is not None and mode not in MODES:
        return f"sslmode is one of {', '.join(MODES)}; not {mode!r}"
    for name in FILES:
        if fault := _fault_of_file(name, given.get(name)):
            return fault
    if mode in {"verify-ca", "verify-full"} and "sslrootcert" not in given and not _has_default_authority():
        return f"sslmode={mode} needs sslrootcert=FILE, the certificates of whom you trust to vouch for the server"
    return _fault_of_certificates(given)


def refusal(error: BaseException) -> str | None:
    """Return why there is no TLS with a server and what to do about it; None when it is not TLS that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error)
    if isinstance(error, ssl.SSLError):
        return f"TLS with it failed: {error.reason or error}. Its log says more, and sslmode what was asked for."
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):  # asyncpg's words
        return (
            "It offers no TLS, and sslmode insists on it. Turn ssl on in its postgresql.conf, "
            "or say sslmode=disable where nobody can listen in between."
        )
    return None


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in OTHER_NAME:
        said = error.verify_message.partition(", ")[2].rstrip(".")
        return f"Its {said}. Use a host name that its certificate is made out to, or renew that with this name in it."
    if error.verify_code in UNKNOWN_AUTHORITY:
        return (
            "Its certificate is signed by nobody whom sslrootcert vouches for. "
            "Name the file of the authority that signed it, if it is the right server."
        )
    if error.verify_code in EXPIRED:
        return "Its certificate has expired. Renew it, and reload the server."
    return f"Its certificate is not trusted: {error.verify_message}."


def _fault_of_file(name: str, path: str | None) -> str | None:
    if path is None:
        return None
    try:
        with Path(path).open("rb"):
            return None
    except (OSError, ValueError) as failure:
        return f"{name}={path} cannot be read: {getattr(failure, 'strerror', None) or failure}"


def _fault_of_certificates(given: dict[str, str]) -> str | None:
    """Load them as a connection would, so that what is no certificate is said at the start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority := given.get("sslrootcert"):
        try:
            context.load_verify_locations(cafile=authority)
        except OSError:
            return f"sslrootcert={authority} holds no certificate in PEM"
    certificate, key = given.get("sslcert"), given.get("sslkey")
    if certificate and key:
        try:
            context.load_cert_chain(certificate, key, password=lambda: given.get("sslpassword", ""))
        except OSError:
            return f"sslcert={certificate} and sslkey={key} are not a certificate in PEM and the key that belongs to it"
    return None


def _has_default_authority() -> bool:
    return bool(os.environ.get("PGSSLROOTCERT")) or (Path.home() / DEFAULT_AUTHORITY).is_file()
