"""Text analysis as the functions of PostgreSQL's schema `search` do it: what a row is looked up by, and its lexemes.

Made of the tables that highlighting folds with. A test holds each function to the one of the same name in the
database, for what nobody expects to be typed too.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from db.search.folding import HIRAGANA, SEPARATOR, SPECIAL_LATIN, UNSEEN
from db.search.kanji import MODERN
from db.search.romaji import kana_letters, of_latin, short_vowels

Entries = tuple[str | None, ...]

# Longer texts are found by their beginning.
MOST_CHARACTERS = 400
# A row's entries and its lexemes are made of the same texts, and rows that come together often share a workplace.
REMEMBERED = 1_000

_SMALL = {code: code + 0x20 for code in range(ord("A"), ord("Z") + 1)}
_MODERN = str.maketrans(MODERN)
_HIRAGANA = str.maketrans(HIRAGANA)
_SPECIAL = str.maketrans(
    SPECIAL_LATIN
    | {"Đ": "d", "Ð": "d", "Ø": "o", "Ł": "l", "Ŋ": "n", "Ħ": "h", "Ŧ": "t", "Æ": "ae", "Œ": "oe", "Þ": "th"}
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'"))

_MARKED = re.compile("[\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff]")
_RARE = re.compile(
    "[\u00b4\u00c0-\u024f\u02bc\u0300-\u036f\u1e00-\u1eff\u200b-\u200f\u2010-\u2015\u2018\u2019\u2032\u2060\u2212"
    "々ゝゞヽヾ〃仝\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_FORMAL = re.compile(r"会社|法人|組合|ltd|inc|corp|k\.k|llc|\([かゆカユ]")
_DASHED = re.compile("([ぁ-ゖァ-ヺー])[\u2010-\u2015\u2212]")
_REPEATED = re.compile("([^ 々ゝゞヽヾ〃仝])([々ゝゞヽヾ〃仝]+)")
_JAPANESE_FORM = re.compile(r"会社|法人|組合|\(..?\)|[かゆ]\)|\([かゆ]", re.DOTALL)
_JAPANESE_FORMS = re.compile(
    r"(特例)?有限会社|合同会社|合資会社|合名会社|相互会社"
    r"|(一般|公益)?(社団|財団)法人|医療法人(社団|財団)?|学校法人|宗教法人|社会福祉法人|独立行政法人"
    r"|特定非営利活動法人|npo法人|協同組合"
    r"|\((有|合|同|資|名|相|社|財|医|学|宗|福|独|特非|一社|公社|一財|公財)\)"
    r"|(^| )[かゆ]\)|\([かゆ](\)|\Z)"
)
_LATIN_FORM = re.compile(r"ltd|inc|corp|k\.k|llc")
_LATIN_FORMS = re.compile(r"(^|[ ,.])(co\.? ?, ?ltd|co\.? ?ltd|ltd|inc|corp|corporation|k\.k|llc)\.?(?=\Z|[ ,])")
_INNER_APOSTROPHE = re.compile("(?<=[a-z])'(?=[a-z])")
_SEPARATORS = re.compile(f"(?:{SEPARATOR.pattern})+")
_KANA_WORDS = re.compile("[ぁ-ゖー ]+")
_LATIN_WORDS = re.compile("[a-z ]+")
_ASCII = re.compile("[ -~]+")
_NOT_ASCII = re.compile("[^ -~]+")
_KANA = re.compile("[ぁ-ゖー]+")


def is_kana(text: str) -> bool:
    return _KANA.fullmatch(text) is not None


def without_ascii(text: str) -> str:
    return _ASCII.sub("", text)


def ascii_words(text: str) -> list[str]:
    return _NOT_ASCII.sub(" ", text).split()


def folded(text: str) -> str:
    """Return a text in NFKC and small letters, with every fold but that of punctuation."""
    if text.isascii():
        text = text.translate(_SMALL)
        return _without_legal_form(text) if _LATIN_FORM.search(text) else text
    text = unicodedata.normalize("NFKC", text).translate(_SMALL)
    rare = _RARE.search(text) is not None
    if rare or ")" in text or _FORMAL.search(text) or not MODERN.keys().isdisjoint(text):
        if rare:
            text = _without_marks(text)
        return _without_legal_form(text.translate(_MODERN).translate(_HIRAGANA))
    return text.translate(_HIRAGANA)


@lru_cache(maxsize=REMEMBERED)
def normal(text: str) -> str:
    """Return the words of a text, folded and separated by single spaces."""
    return _SEPARATORS.sub(" ", _INNER_APOSTROPHE.sub("", folded(text))).strip(" ")


def entries(number: str, name: str, kana: str | None, place: str | None) -> Entries:
    """Return what a row is looked up by, in the order of `db.search.registry.ENTRIES`."""
    name_words, kana_words = normal(name), _normal_or_none(kana)
    return (
        normal(number).replace(" ", "") or None,
        normal(place or "").replace(" ", "") or None,
        *_looked_up(name_words),
        *_looked_up(kana_words or ""),
        *romaji_looked_up(kana_words or name_words),
    )


def vector(number: str, name: str, kana: str | None, place: str | None, rest: str | None) -> list[str]:
    """Return a row's lexemes, each once; each begins with a letter that says where it is from."""
    name_words, kana_words = normal(name), _normal_or_none(kana)
    lexemes = [
        *_lexemes(normal(number), "n"),
        *_lexemes(name_words, "n"),
        *_lexemes(kana_words or "", "k"),
        *(f"k{word}" for word in romaji_looked_up(kana_words or name_words) if word),
        *_lexemes(normal(place or ""), "w"),
        *_lexemes(normal(rest or ""), "o"),
    ]
    return list(dict.fromkeys(lexemes))


@lru_cache(maxsize=REMEMBERED)
def romaji_looked_up(words: str) -> Entries:
    """Return words in normal form in canonical romaji: whole, first, second, last; None where they are neither."""
    if _KANA_WORDS.fullmatch(words):
        letters = kana_letters(words)
        return (
            short_vowels(letters.replace(" ", "")) or None,
            *_looked_up(" ".join(short_vowels(letters).split()))[1:],
        )
    if _LATIN_WORDS.fullmatch(words):
        # With its spaces first: in "satoh aiko" oh is a long o, in "ohashi" it is not.
        letters = of_latin(words)
        return (short_vowels(letters.replace(" ", "")), *_looked_up(letters)[1:])
    return (None,) * 4


def _normal_or_none(text: str | None) -> str | None:
    return None if text is None else normal(text) or None


def _without_marks(text: str) -> str:
    if _MARKED.search(text):
        text = re.sub("[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFKC", text).translate(_SPECIAL)
    text = _DASHED.sub(r"\1ー", UNSEEN.sub("", text))
    return _REPEATED.sub(lambda run: run[1] * (1 + len(run[2])), text).translate(_APOSTROPHES).translate(_SMALL)


def _without_legal_form(text: str) -> str:
    text = text.replace("株式会社", " ").replace("(株)", " ")
    if _JAPANESE_FORM.search(text):
        text = _JAPANESE_FORMS.sub(" ", text)
    return _LATIN_FORMS.sub(" ", text)


def _looked_up(words: str) -> Entries:
    """Return whole, first, second, last word; words that repeat, or are not there, are None."""
    if " " not in words:
        return (words or None, words or None, None, None)
    split = words.split(" ")
    first, second, last = split[0], split[1], split[-1]
    return (
        "".join(split),
        first,
        None if second == first else second,
        None if last in {first, second} else last,
    )


def _lexemes(words: str, origin: str) -> Iterator[str]:
    """Yield the pairs of neighbouring letters, letters that are no kana alone, and ASCII words as they are."""
    beginning = words[:MOST_CHARACTERS]
    run = without_ascii(beginning)
    for index in range(len(run)):
        yield origin + run[index : index + 2]
    if not is_kana(run):
        yield from (origin + letter for letter in run if not is_kana(letter))
    ascii_ = ascii_words(beginning)
    yield from (origin + word for word in ascii_)
    if len(ascii_) > 1:
        yield origin + "".join(ascii_)
