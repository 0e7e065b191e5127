"""`yukyu token`: who may come in, and as what."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api.commands import secret
from api.commands.options import DataDir, settings_with
from schema.roles import Role


def token(
    role: Annotated[list[Role], typer.Option(help="A role of the token; give it again for another.")],
    name: Annotated[str, typer.Option(help="Who holds it; stands in the audit log.", max=100)] = "command-line",
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, help="How long it is valid.")] = 12,
    data_dir: DataDir = None,
) -> None:
    """Print a token, and nothing else.

    Example: `curl -H "Authorization: Bearer $(yukyu token --role viewer)" …`
    """
    tokens = secret.tokens(settings_with(data_dir=data_dir))
    roles = list(dict.fromkeys(role))
    typer.echo(tokens.mint(name, roles, lifetime=timedelta(hours=hours), now=datetime.now(UTC)))
