"""Folds text as the database's search does, remembering where each folded letter stands in the text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from db.search.kanji import MODERN

SPECIAL_LATIN = {
    "đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "ŋ": "n", "ħ": "h", "ŧ": "t",
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip
HIRAGANA = {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)} | {
    "ヵ": "か",
    "ヶ": "け",
    "ゕ": "か",
    "ゖ": "け",
}
_REPEATS = "々ゝゞヽヾ〃仝"
_APOSTROPHES = "'’‘ʼ′´`"
_DASH = re.compile("[\u2010-\u2015\u2212]")
_KANA = re.compile("[ぁ-ゖー]")
UNSEEN = re.compile("[\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
SEPARATOR = re.compile(
    "[\u0001-/:-@\\[-`{-\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff\u3000-\u3004\u3008-\u3020\u3030"
    "\u303d-\u303f\u30a0・\ufe10-\ufe6f\uff5f-\uff65]"
)
_LEGAL_FORM = re.compile(
    r"株式会社|\(株\)|(特例)?有限会社|合同会社|合資会社|合名会社|相互会社"
    r"|(一般|公益)?(社団|財団)法人|医療法人(社団|財団)?|学校法人|宗教法人|社会福祉法人|独立行政法人"
    r"|特定非営利活動法人|npo法人|協同組合"
    r"|\((有|合|同|資|名|相|社|財|医|学|宗|福|独|特非|一社|公社|一財|公財)\)"
    r"|(^| )[かゆ]\)|\([かゆ](\)|$)"
    r"|(^|[ ,.])(co\.? ?, ?ltd|co\.? ?ltd|ltd|inc|corp|corporation|k\.k|llc)\.?(?=$|[ ,])"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A folded letter, the part of the text it comes from, and whether a word begins with it."""

    text: str
    start: int
    end: int
    begins_word: bool


def fold(text: str) -> list[Letter]:
    """Return the letters that search sees, without what separates words and without legal forms."""
    folded = list(_folded(text))
    whole = "".join(letter for letter, _, _ in folded)
    gone = {index for match in _LEGAL_FORM.finditer(whole) for index in range(*match.span())}
    letters: list[Letter] = []
    before = " "
    for index, (letter, start, end) in enumerate(folded):
        if index in gone or SEPARATOR.match(letter):
            if letter != "'" or index in gone:
                before = " "
            continue
        letters.append(Letter(letter, start, end, before == " " or before.isascii() != letter.isascii()))
        before = letter
    return letters


def words(query: str) -> list[str]:
    """Return the words of a query, folded."""
    folded = "".join(letter for letter, _, _ in _folded(query))
    spaced = _LEGAL_FORM.sub(" ", folded)
    return [word for each in spaced.split() if (word := SEPARATOR.sub("", each))]


def _folded(text: str) -> Iterator[tuple[str, int, int]]:
    before = ""
    for start, end in _clusters(text):
        for letter in _fold_cluster(text[start:end], before):
            yield letter, start, end
            before = letter


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where letters with their marks begin and end: ﾊﾟ is two characters and one letter."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not (unicodedata.combining(text[index]) or text[index] in "ﾞﾟ"):
            yield start, index
            start = index


def _fold_cluster(cluster: str, before: str) -> str:
    letters = UNSEEN.sub("", unicodedata.normalize("NFKC", cluster).lower())
    if letters and letters in _REPEATS:
        return before
    if letters and _DASH.match(letters):
        return "ー" if _KANA.match(before) else letters
    return "".join(_fold_letter(letter) for letter in _without_marks(letters))


def _without_marks(letters: str) -> str:
    if any("\u00c0" <= letter <= "\u036f" or "\u1e00" <= letter <= "\u1eff" for letter in letters):
        letters = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", letters))
        letters = unicodedata.normalize("NFKC", letters)
        return "".join(SPECIAL_LATIN.get(letter, letter) for letter in letters)
    return letters


def _fold_letter(letter: str) -> str:
    if letter in _APOSTROPHES:
        return "'"
    return HIRAGANA.get(letter) or MODERN.get(letter, letter)
