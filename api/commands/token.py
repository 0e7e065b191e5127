"""`yukyu token`: who may come in, and as what."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api import logs
from api.commands import secret
from api.commands.asking import who
from api.commands.options import DataDir, settings_with
from api.commands.stores import store_if_any
from api.settings import Settings
from db.control import audit
from db.errors import AppError
from db.sqlalchemy_engine import UNREACHABLE, sentence
from schema.roles import Identity, Role


def token(
    role: Annotated[list[Role], typer.Option(help="A role of the token; give it again for another.")],
    name: Annotated[str, typer.Option(help="Who holds it; stands in the audit log.", max=100)] = "command-line",
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, help="How long it is valid.")] = 12,
    data_dir: DataDir = None,
) -> None:
    """Print a token, and nothing else. The audit log tells of it, by the id that revokes it.

    Example: `curl -H "Authorization: Bearer $(yukyu token --role viewer)" …`
    """
    settings = settings_with(data_dir=data_dir)
    logs.configure(settings.log_format, level=logging.ERROR)
    tokens = secret.tokens(settings)
    minted = tokens.mint(name, list(dict.fromkeys(role)), lifetime=timedelta(hours=hours), now=datetime.now(UTC))
    asyncio.run(_note(settings, tokens.identify(minted)))
    typer.echo(minted)


async def _note(settings: Settings, minted: Identity) -> None:
    """Tell the audit log of a token. Where that fails it is said: something is broken then, and a token is needed."""
    details = {"name": minted.name, "roles": [str(role) for role in minted.roles], "until": str(minted.expires_at)}
    subject = minted.token_id or ""
    try:
        async with store_if_any(settings) as control:
            if control is None:
                return
            async with control.transaction() as session:
                await audit.record(
                    session, who=who(), action="mint-token", subject=subject, result=audit.SUCCEEDED, details=details
                )
    except (AppError, *UNREACHABLE) as failure:
        why = failure.message if isinstance(failure, AppError) else sentence(failure)
        typer.echo(f"The audit log does not tell of this token, {subject}: {why}", err=True)
