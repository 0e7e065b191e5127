"""The audit log as admins read it."""

from datetime import datetime
from typing import Self

import orjson
import strawberry

from db import control
from schema.types.page import PageInfo


@strawberry.type(description="Who did what, when, from where, and what came of it.")
class AuditEntry:
    number: int = strawberry.field(description="Its place in the log, from 1 on, without gaps.")
    at: datetime = strawberry.field(description="When.")
    who: str = strawberry.field(description="The name of a token or an account, 'anonymous', or whoever ran a command.")
    address: str | None = strawberry.field(description="From which network address; null where there was no network.")
    token: str | None = strawberry.field(description="The id of the token that it was asked with, for `revokeToken`.")
    action: str = strawberry.field(description="What, such as 'backup', 'login' or 'read-personal'.")
    subject: str = strawberry.field(description="To what: an id, a name, an operation's name; may be empty.")
    result: str = strawberry.field(description="'requested', 'succeeded', 'failed', 'refused', or a restore's state.")
    details: str = strawberry.field(description="More, as JSON.")
    hash: str = strawberry.field(description="SHA-256 over this entry and the hash before it.")

    @classmethod
    def of(cls, row: control.AuditEntry) -> Self:
        return cls(
            number=row.number or 0,
            at=row.at,
            who=row.who,
            address=row.address,
            token=row.token,
            action=row.action,
            subject=row.subject,
            result=row.result,
            details=orjson.dumps(row.details).decode(),
            hash=row.hash,
        )


@strawberry.type(description="An entry and its place in the order.")
class AuditEdge:
    cursor: str = strawberry.field(description="Pass as `after` to go on behind this entry.")
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit log, newest first.")
class AuditConnection:
    edges: list[AuditEdge] = strawberry.field(description="The entries with their cursors.")
    nodes: list[AuditEntry] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
