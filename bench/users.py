"""How long a search takes as more people search, up to far more than there is room for: `make bench-users`.

    python bench/users.py [--rows 100000] [--users 10 --users 100] [--seconds 60] [--json FILE] [--svg FILE]

Each user searches, reads for a second, and searches again. Percentiles are of the searches that were answered; those
that were refused with Retry-After are counted beside them, and whatever else came of a request has failed.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import asyncpg
import psutil
import typer
from line_chart import drawn
from over_http_contenders import Contender, ours
from rich.console import Console
from rich.table import Table
from search import machine, server, server_version
from search_kinds import kinds
from search_rows import prepare

HERE = Path(__file__).parent
HEADINGS = ("users", "answered/s", "p50", "p95", "p99", "refused/s", "p95 of refusals", "CPU a request", "failed")


def main(  # noqa: PLR0913, PLR0917 - the command's own
    rows: Annotated[int, typer.Option(help="Rows a table.")] = 100_000,
    users: Annotated[list[int] | None, typer.Option(help="How many at a time; may be repeated.")] = None,
    seconds: Annotated[int, typer.Option(help="How long for each.")] = 60,
    url: Annotated[str | None, typer.Option(help="A server to use; a superuser's URL.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
    svg_file: Annotated[Path | None, typer.Option("--svg", help="Where to draw them.")] = None,
) -> None:
    results = asyncio.run(run(rows, users or [10, 30, 100, 300, 1000], seconds, url, Console()))
    if json_file is not None:
        json_file.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if svg_file is not None:
        svg_file.write_text(chart(results["users"]), encoding="utf-8")


async def run(rows: int, users: list[int], seconds: int, url: str | None, console: Console) -> dict[str, Any]:
    async with server(url) as server_url:
        results: dict[str, Any] = {"machine": machine(), "server": await server_version(server_url), "rows": rows}
        console.print(f"{results['machine']}; {results['server']}")
        with TemporaryDirectory(prefix="yukyu-bench-") as directory, console.status("preparing") as status:
            database, _ = await prepare(server_url, rows, status.update)
            async with ours("this API", database, await _texts(database), Path(directory)) as api:
                await _asked(api, 10, 3)  # warms up
                results["seconds"], results["users"] = seconds, {}
                for each in users:
                    status.update(f"{each} users for {seconds} s")
                    results["users"][str(each)] = await _asked(api, each, seconds)
        console.print(_table(results["users"], rows, seconds))
    return results


async def _texts(database: str) -> list[str]:
    connection = await asyncpg.connect(database)
    try:
        return [text for texts in (await kinds(connection)).values() for text in texts]
    finally:
        await connection.close()


async def _asked(api: Contender, users: int, seconds: int) -> dict[str, Any]:
    before = _cpu(api)
    command = (sys.executable, str(HERE / "users_load.py"), str(api.file), str(api.url), str(users), str(seconds))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(seconds + 60):
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("The users failed; what they said is above.")
    found = json.loads(said)
    requests = max(1, found["answers"] + found["refused"])
    return found | {"cpu": round((_cpu(api) - before) / requests * 1000, 3)}


def _cpu(api: Contender) -> float:
    times = psutil.Process(api.pid).cpu_times()
    return times.user + times.system


def _table(found: dict[str, Any], rows: int, seconds: int) -> Table:
    table = Table(title=f"{rows:,} rows a table, {seconds} s each; milliseconds")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for users, one in found.items():
        measured = (f"{one.get(each, 0):.0f}" for each in ("p50", "p95", "p99"))
        per_second = [one[each] / one["seconds"] for each in ("answers", "refused")]
        refusals = f"{one['refusals'].get('p95', 0):.0f}" if one["refusals"] else ""
        table.add_row(
            users,
            f"{per_second[0]:.0f}",
            *measured,
            f"{per_second[1]:.0f}",
            refusals,
            f"{one['cpu']:.2f}",
            str(one["failed"]),
        )
    return table


def chart(users: dict[str, Any]) -> str:
    """Return the chart of the latency of those who were answered."""
    lines = {
        each: {float(many): one[each] for many, one in users.items() if each in one} for each in ("p50", "p95", "p99")
    }
    return drawn("Time of a search that was answered, ms, by the users at a time", lines)


if __name__ == "__main__":
    sys.exit(typer.run(main))
