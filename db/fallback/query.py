"""What was typed, as the steps of a search need it; the twin of `search.parse` in PostgreSQL."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from db.fallback import analysis
from db.search.romaji import romaji_start

# Behind everything that begins with a key.
END = "\U0010ffff"
_SPACE = re.compile("[ \t\n\r\f\v]+")
_NUMBERED = re.compile("[0-9a-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A part that does not apply is None. What begins with `by_` is an expression of FTS5 over lexemes."""

    key: str
    number: str | None
    word: str | None
    name_start: str | None
    kana: str | None
    kana_word: str | None
    romaji: str | None
    romaji_word: str | None
    romaji_start: str | None
    by_name: str | None
    by_reading: str | None
    by_place: str
    by_any: str


def parse(typed: str) -> Query | None:
    """Return what to look for; None where nothing is left of what was typed."""
    # The legal form has to go before the words are told apart: Co., Ltd.
    words = [word for part in _SPACE.split(analysis.folded(typed)) if (word := analysis.normal(part))]
    if not words:
        return None
    key = "".join(words).replace(" ", "")
    romaji = analysis.romaji_looked_up(" ".join(words))[0]
    kana = key if analysis.is_kana(key) else None
    number = key if kana is None and _NUMBERED.search(key) else None
    # One kana is the start of a reading, whether or not the name is written in kana.
    name_start = key if kana is None or len(kana) > 1 else None
    alone = len(words) == 1
    by_any = _all_of(words, "nkwo")
    # Joined words too, since whatever a rank takes in must match this.
    if (romaji is not None or number is not None) and key != " ".join(words):
        by_any = f"({by_any}) OR {_word(key, 'nkw')}"
    return Query(
        key=key,
        number=number,
        word=name_start if alone else None,
        name_start=name_start,
        kana=kana,
        kana_word=kana if alone else None,
        romaji=romaji,
        romaji_word=romaji if alone else None,
        romaji_start=romaji_start(key),
        by_name=None if alone else _all_of(words, "n"),
        by_reading=None if alone or romaji is None else _all_of(words, "k"),
        by_place=_all_of(words, "w"),
        by_any=by_any,
    )


def _all_of(words: Iterable[str], origins: str) -> str:
    return " AND ".join(_word(word, origins) for word in words)


def _word(word: str, origins: str) -> str:
    """Return one word of a query, with its neighbours in normal form, over lexemes of these origins."""
    wanted = " AND ".join(_terms(word, origins))
    start = romaji_start(word.replace(" ", ""))
    if start is not None and "k" in origins:
        return f'(({wanted}) OR "k{start}"*)'
    return f"({wanted})"


def _terms(word: str, origins: str) -> Iterator[str]:
    for ascii_ in analysis.ascii_words(word):
        yield _from_any(ascii_, origins, "*")
    run = analysis.without_ascii(word)
    if len(run) == 1:
        yield _from_any(run, origins, "*" if analysis.is_kana(run) else "")
    for index in range(len(run) - 1):
        yield _from_any(run[index : index + 2], origins, "")


def _from_any(lexeme: str, origins: str, suffix: str) -> str:
    """Return a lexeme of any of these origins; among kana there are neither kanji nor, but for romaji, ASCII."""
    possible = [each for each in origins if each != "k" or origins == "k" or analysis.is_kana(lexeme)]
    # Normal form has no quotes in it.
    return "(" + " OR ".join(f'"{origin}{lexeme}"{suffix}' for origin in possible) + ")"
