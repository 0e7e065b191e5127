"""A progress bar for each table, on a terminal."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from jobs.data import progress


@contextmanager
def bars(console: Console) -> Generator[progress.Progress]:
    """Show what is done of each table; where nobody watches, show nothing."""
    if not console.is_terminal:
        yield progress.silent
        return
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as shown:
        tasks: dict[str, TaskID] = {}

        def show(subject: str, done: int, total: int) -> None:
            if subject not in tasks:
                for finished in tasks.values():
                    shown.stop_task(finished)
                tasks[subject] = shown.add_task(subject, total=total)
            shown.update(tasks[subject], completed=done, total=total)

        yield show
