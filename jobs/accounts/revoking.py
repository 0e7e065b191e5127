"""Revokes tokens by an id of theirs."""

import re
from datetime import datetime, timedelta

from db.control import Control, Revocation, accounts, audit, revocations
from db.errors import BadInputError

# As long as the longest token that is minted here, and the clocks' differences.
REMEMBERED = timedelta(days=367)
WRITTEN = re.compile(r"[!-~]{1,200}")


async def revoke(control: Control, token_id: str, *, by: str, now: datetime) -> Revocation:
    """Let no token with this id count, be it the token's own or its sign-in's. Whether there is one is not known here.

    A sign-in ends with it: its refresh tokens could be used for longer than the id is remembered.

    Raises:
        BadInputError: no token can have such an id.
    """
    if WRITTEN.fullmatch(token_id) is None or token_id.count(".") == 2:  # noqa: PLR2004 - a whole token has two
        raise BadInputError(
            "This is not the id of a token.", hint="The id is the token's claim `jti`, and not the token itself."
        )
    async with control.transaction() as session:
        await accounts.end_sign_in(session, token_id, now=now)
        revocation = await revocations.revoke(session, token_id, by=by, now=now, until=now + REMEMBERED)
        await audit.record(session, who=by, action="revoke-token", subject=token_id, result=audit.SUCCEEDED, now=now)
    return revocation
