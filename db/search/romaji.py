"""Canonical romaji, as `search.romaji` in the database makes it, for highlighting."""

import re

_KANA = (
    "ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽ"
    "まみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ"
)
_LETTERS = (
    "^a a ^i i ^u u ^e e ^o o ka ga ki gi ku gu ke ge ko go sa za si zi su zu se ze so zo ta da ti zi q tu zu te de to "
    "do na ni nu ne no ha ba pa hi bi pi hu bu pu he be pe ho bo po ma mi mu me mo ^ya ya ^yu yu ^yo yo ra ri ru re ro "
    "^wa wa i e o n bu ka ke"
)
_OF_KANA = dict(zip(_KANA, _LETTERS.split(), strict=True)) | {"ー": ""}

_KANA_STEPS = [
    ("i^y", "y"), ("si^e", "sye"), ("ti^e", "tye"), ("zi^e", "zye"), ("de^", "z"), ("do^", "z"),
]  # fmt: skip
_LATIN_STEPS = [
    ("cch", "tch"), ("shi", "si"), ("sh", "sy"), ("syy", "sy"), ("chi", "ti"), ("ch", "ty"),
    ("tyy", "ty"), ("tsu", "tu"), ("ts", "t"), ("dz", "z"), ("du", "zu"), ("di", "zi"), ("ji", "zi"), ("jy", "zy"),
    ("j", "zy"), ("f", "h"), ("l", "r"), ("v", "b"), ("c", "k"), ("q", "k"), ("wo", "o"), ("wi", "i"), ("we", "e"),
    ("mb", "nb"), ("mp", "np"), ("mm", "nm"),
]  # fmt: skip
_LONG_VOWELS = [
    (re.compile(long), short)
    for long, short in [("o[ou]+", "o"), ("uu+", "u"), ("aa+", "a"), ("ii+", "i"), ("ee+", "e")]
]
_UNFINISHED = [
    (re.compile(start), finished)
    for start, finished in [
        ("(tch|cch|tc|cc)$", "tt"),
        ("([^tc]|^)(ch|ts|c)$", r"\1t"),
        ("sh$", "s"),
        ("(dz|j)$", "z"),
    ]
]

_ALL_KANA = re.compile("[ぁ-ゖー]+")
_ALL_LATIN = re.compile("[a-z]+")


def romaji(word: str) -> str | None:
    """Return a folded word in canonical romaji; None where it is neither kana nor Latin."""
    if _ALL_KANA.fullmatch(word):
        return short_vowels(kana_letters(word)) or None
    return of_latin(word) if _ALL_LATIN.fullmatch(word) else None


def romaji_start(word: str) -> str | None:
    """Return the start of a word, as it is typed, as the start of canonical romaji."""
    if _ALL_LATIN.fullmatch(word):
        for pattern, finished in _UNFINISHED:
            word = pattern.sub(finished, word)
    return romaji(word) or None


def kana_letters(kana: str) -> str:
    """Return folded kana in romaji with its long vowels; a space stays one."""
    letters = "".join(_OF_KANA.get(letter, letter) for letter in kana)
    for joined, together in _KANA_STEPS:
        letters = letters.replace(joined, together)
    letters = re.sub(r"(?<=[a-z])[aiueo]\^", "", letters).replace("^", "")
    return re.sub("q([bdghkmprstyz])", r"\1\1", letters).replace("q", "")


def of_latin(word: str) -> str:
    """Return Latin letters, one word or several, in canonical romaji."""
    for spelling, canonical in _LATIN_STEPS:
        word = word.replace(spelling, canonical)
    return short_vowels(re.sub("oh(?![aiueoy])", "o", word))


def short_vowels(letters: str) -> str:
    for pattern, short in _LONG_VOWELS:
        letters = pattern.sub(short, letters)
    return letters
