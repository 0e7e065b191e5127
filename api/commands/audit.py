"""`yukyu audit`: who did what, and the proof that nobody has changed the record of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.commands.options import AsJson, DataDir
from api.commands.printing import print_json
from api.commands.stores import on_store
from db.control import AuditEntry, Control, audit
from jobs.audit.verifying import Verdict
from jobs.audit.verifying import verify as verified

app = typer.Typer(no_args_is_help=True)

LONGEST_DETAILS = 80

Last = Annotated[int, typer.Option("--last", min=1, max=100_000, help="How many at most.")]
Who = Annotated[str | None, typer.Option("--who", help="Only what this one did.")]
Action = Annotated[str | None, typer.Option("--action", help="Only this action, such as 'login'.")]
Result = Annotated[str | None, typer.Option("--result", help="Only with this result, such as 'refused'.")]
Hash = Annotated[
    str | None,
    typer.Option("--hash", help="A hash that this command printed before; it has to be in the log still."),
]


@app.command(name="list")
def list_(  # noqa: PLR0913, PLR0917 - Typer's way
    last: Last = 20,
    who: Who = None,
    action: Action = None,
    result: Result = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's way
    data_dir: DataDir = None,
) -> None:
    """List the last entries, newest first.

    Example: `yukyu audit list --action login --result refused`
    """

    async def read(control: Control) -> Sequence[AuditEntry]:
        async with control.reading() as session:
            return await audit.newest(session, limit=last, who=who, action=action, result=result)

    found = on_store(data_dir, read)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    else:
        _print(found)


@app.command()
def verify(known: Hash = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:  # noqa: FBT002 - Typer's way
    """Read the whole log and prove that every entry is as it was written; exit 1 where one is not.

    Keep the hash that it prints somewhere else: with `--hash` it proves later that nothing was removed from the end.

    Example: `yukyu audit verify`
    """
    verdict = on_store(data_dir, lambda control: verified(control, known_hash=known))
    if as_json:
        print_json(asdict(verdict) | {"intact": verdict.intact})
    else:
        typer.echo(_told(verdict))
    if not verdict.intact:
        raise typer.Exit(1)


def _told(verdict: Verdict) -> str:
    if verdict.broken is not None:
        return f"Broken at entry {verdict.broken}: {verdict.reason} The {verdict.entries} before it are as they were."
    if verdict.known is False:
        return f"The hash is not in the log: entries were removed, or all made anew. It has {verdict.entries} now."
    return f"Intact: {verdict.entries} entries, the newest with the hash {verdict.head}"


def _print(found: Sequence[AuditEntry]) -> None:
    table = Table(
        "Number", "When (UTC)", "Who", "From", "What", "To what", "Result", "", box=None, padding=(0, 2, 0, 0)
    )
    for each in found:
        details = orjson.dumps(each.details).decode() if each.details else ""
        table.add_row(
            str(each.number),
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            escape(each.who),
            each.address or "",
            escape(each.action),
            escape(each.subject),
            escape(each.result),
            escape(details[:LONGEST_DETAILS]),
        )
    Console(highlight=False).print(table if found else "The audit log is empty.")
