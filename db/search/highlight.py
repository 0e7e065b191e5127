"""Marks in a found row's text what the query matched."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.search.folding import Letter, fold, words
from db.search.registry import Searchable
from db.search.romaji import romaji, romaji_start

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fragment:
    text: str
    matched: bool


@dataclass(frozen=True, slots=True)
class Highlight:
    """A field's text, cut where a match begins and ends: joined, the fragments are the whole text."""

    field: str
    fragments: Sequence[Fragment]


class Marker:
    """Finds what one query looked for in the texts of rows."""

    def __init__(self, query: str) -> None:
        found = words(query)
        # The whole first: 田中 太郎 is one match where it stands together.
        self._terms = list(dict.fromkeys(["".join(found), *found])) if found else []

    def highlights(self, row: Mapping[str, Any], searchable: Searchable) -> list[Highlight]:
        """Return the fields of the row in which the query is found, in the order of the registry."""
        texts = ((column, row.get(column)) for column in searchable.roles)
        return [Highlight(column, cut(text, spans)) for column, text in texts if text and (spans := self._spans(text))]

    def _spans(self, text: str) -> list[Span]:
        letters = fold(text)
        whole = "".join(letter.text for letter in letters)
        return [span for term in self._terms for span in _spans_of(term, whole, letters)]


def cut(text: str, spans: Sequence[Span]) -> list[Fragment]:
    """Return the text in fragments, of which those within a span are matched."""
    fragments: list[Fragment] = []
    position = 0
    for start, end in _merged(spans):
        if position < start:
            fragments.append(Fragment(text[position:start], matched=False))
        fragments.append(Fragment(text[start:end], matched=True))
        position = end
    if position < len(text):
        fragments.append(Fragment(text[position:], matched=False))
    return fragments


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _spans_of(term: str, whole: str, letters: Sequence[Letter]) -> Iterator[Span]:
    index = whole.find(term)
    while index >= 0:
        # Latin words and numbers are found by their beginning, anything else anywhere.
        if letters[index].begins_word or not term[0].isascii():
            yield letters[index].start, letters[index + len(term) - 1].end
        index = whole.find(term, index + 1)
    if sound := romaji_start(term):
        for index, letter in enumerate(letters):
            if letter.begins_word and (length := _sounding(whole[index:], sound)):
                yield letter.start, letters[index + length - 1].end


def _sounding(text: str, sound: str) -> int:
    """Return how much of the beginning of a text sounds so: オオツ of オオツカ for "otu"; 0 where it does not."""
    sounds = ""
    for length in range(1, len(text) + 1):
        now = romaji(text[:length])
        if now is None and length > 1 and text[length - 1].isascii() == text[0].isascii():
            break
        if sounds.startswith(sound) and now != sounds:
            return length - 1
        sounds = now or sounds
        # Romaji in the making may look different for a while: しゃ begins as し.
        if length > len(sound) + 2 and not sounds.startswith(sound):
            break
    return len(text) if sounds.startswith(sound) else 0
