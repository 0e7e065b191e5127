"""How long work tells whoever waits for it how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called now and then with a subject (a table's name), what is done of it and what there is in all."""

    def __call__(self, subject: str, done: int, total: int) -> None: ...


def silent(subject: str, done: int, total: int) -> None:
    """Tell nobody."""
