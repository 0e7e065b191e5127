"""Objects that can be fetched again by their id, which says what they are."""

import strawberry

from db.errors import NotFoundError


@strawberry.interface(description="Anything that `node` can fetch again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Names this object among all objects of the API.")


def node_id(kind: str, key: str) -> strawberry.ID:
    """Return the id of a row: its table and its key, as in 'genzai:G0001'."""
    return strawberry.ID(f"{kind}:{key}")


def parse_node_id(value: str) -> tuple[str, str]:
    """Return table and key.

    Raises:
        NotFoundError: it is not written like an id of this API, so there is nothing under it.
    """
    kind, separator, key = value.partition(":")
    if not separator or not key or "\x00" in key:
        raise NotFoundError("node", repr(value[:80]))
    return kind, key


def key_of(table: str, value: str) -> str | None:
    """Return the key of an id of this table, or of a bare one as the command line prints it; None for other tables."""
    kind, separator, key = value.partition(":")
    if not separator:
        return value
    return key if kind == table else None
