"""The libpq URLs of a server's roles."""

from db.cluster.desired import ServerSpec
from db.cluster.passwords import Passwords

DATABASE, MAINTENANCE_DATABASE = "yukyu", "postgres"
SUPERUSER, APPLICATION, REPLICATION = "postgres", "yukyu", "replicator"


def application(spec: ServerSpec, passwords: Passwords, database: str = DATABASE) -> str:
    return _url(spec, APPLICATION, passwords.application, database)


def admin(spec: ServerSpec, passwords: Passwords, database: str = DATABASE) -> str:
    return _url(spec, SUPERUSER, passwords.superuser, database)


def replication(spec: ServerSpec, passwords: Passwords) -> str:
    """Return the replication role's, for its ordinary connections."""
    return _url(spec, REPLICATION, passwords.replication, MAINTENANCE_DATABASE)


def _url(spec: ServerSpec, user: str, password: str, database: str) -> str:
    # The servers are on this machine or on a private network, without TLS of their own: do not ask for it.
    return f"postgresql://{user}:{password}@{spec.host}:{spec.port}/{database}?sslmode=disable"
