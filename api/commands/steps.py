"""Shows how far a long start is: a progress bar on a terminal, log lines elsewhere."""

from types import TracebackType
from typing import Self

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

log = structlog.get_logger(__name__)


class Steps:
    """One line a step; each lasts until the next one begins."""

    def __init__(self, console: Console) -> None:
        self._on_terminal = console.is_terminal
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
        )
        self._name: str | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._on_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def show(self, name: str, fraction: float | None = None) -> None:
        """Say which step is under way, and how much of it is done where that is known."""
        if name != self._name:
            self._finish()
            self._name = name
            self._begin(name)
        if self._task is not None and fraction is not None:
            self._progress.update(self._task, total=1, completed=fraction)

    def _begin(self, name: str) -> None:
        if self._on_terminal:
            self._task = self._progress.add_task(name, total=None)
        else:
            log.info("starting", step=name)

    def _finish(self) -> None:
        if self._task is not None:
            self._progress.update(self._task, total=1, completed=1)
