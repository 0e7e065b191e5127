"""`yukyu monitor`: how the database does."""

import typer

from api.commands import baselines

app = typer.Typer(help="How the database does, and how it did before.", no_args_is_help=True)

app.command()(baselines.baseline)
app.command()(baselines.compare)
