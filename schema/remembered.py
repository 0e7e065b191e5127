"""Outcomes by the text they were worked out from: the last used ones, as many as a bounded amount of text has."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Bounded by characters, not by entries: what a text is worked out into grows with the text, and anybody sends it.

    A text that would take more than a tenth of the room is not kept at all.
    """

    def __init__(self, *, most_characters: int) -> None:
        self._most_characters = most_characters
        self._characters = 0
        self._outcomes: OrderedDict[str, T] = OrderedDict()

    def get(self, text: str) -> T | None:
        outcome = self._outcomes.get(text)
        if outcome is not None:
            self._outcomes.move_to_end(text)
        return outcome

    def keep(self, text: str, outcome: T) -> None:
        if len(text) > self._most_characters // 10 or text in self._outcomes:
            return
        self._outcomes[text] = outcome
        self._characters += len(text)
        while self._characters > self._most_characters:
            forgotten, _ = self._outcomes.popitem(last=False)
            self._characters -= len(forgotten)

    def __len__(self) -> int:
        return len(self._outcomes)
