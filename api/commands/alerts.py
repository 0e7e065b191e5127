"""`yukyu alerts`: what is told of the database's troubles, and to whom."""

import typer

from api.commands import attending, telling

app = typer.Typer(no_args_is_help=True)

app.command(name="list")(attending.list_)
app.command()(attending.rules)
app.command(name="ack")(attending.acknowledge)
app.command()(attending.silence)
app.command()(attending.silences)
app.command()(attending.unsilence)
app.command(name="test")(telling.try_out)
app.command()(telling.deliveries)
