"""Names of people who do not exist, put together from common parts by how common they are."""

import unicodedata
from functools import cache
from importlib.resources import files
from random import Random
from typing import NamedTuple

from jobs.data.sample.draw import Draw, chance

MALE, FEMALE = "男", "女"
_GENDERS = {MALE: "male", FEMALE: "female"}


class Name(NamedTuple):
    text: str
    kana: str


def draw_name(random: Random, nationality: str, gender: str) -> Name:
    """Return a name as a personnel file has it: most foreign ones with their marks, some as on a residence card."""
    if nationality == "日本":
        return _japanese(random, gender)
    name = _FOREIGN[nationality](random, gender)
    return Name(_as_on_residence_card(name.text), name.kana) if chance(random, 0.2) else name


@cache
def _parts(listing: str) -> Draw[Name]:
    lines = (files("jobs.data.sample") / "names" / f"{listing}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return Draw([Name(text, kana) for text, kana, _ in rows], [float(weight) for _, _, weight in rows])


def _part(random: Random, listing: str) -> Name:
    return _parts(listing)(random)


def _given(random: Random, people: str, gender: str) -> Name:
    return _parts(f"{people}_{_GENDERS[gender]}")(random)


def _joined(*parts: Name) -> Name:
    return Name(" ".join(part.text for part in parts), " ".join(part.kana for part in parts))


def _japanese(random: Random, gender: str) -> Name:
    surname = _part(random, "japanese_surnames")
    given = _given(random, "japanese", gender)
    space = "　" if chance(random, 0.1) else " "
    return Name(f"{surname.text}{space}{given.text}", f"{surname.kana} {given.kana}")


def _vietnamese(random: Random, gender: str) -> Name:
    surname = _part(random, "vietnamese_surnames")
    middle = _part(random, f"vietnamese_middle_{_GENDERS[gender]}")
    return _joined(surname, middle, _given(random, "vietnamese", gender))


def _brazilian(random: Random, gender: str) -> Name:
    parts = [_given(random, "brazilian", gender), _part(random, "brazilian_surnames")]
    if chance(random, 0.5):
        parts.append(_part(random, "brazilian_surnames"))
    return _joined(*parts)


def _filipino(random: Random, gender: str) -> Name:
    """Return given name, the mother's surname and the father's, as Philippine papers have it."""
    parts = [_given(random, "filipino", gender), _part(random, "filipino_surnames")]
    if chance(random, 0.6):
        parts.append(_part(random, "filipino_surnames"))
    return _joined(*parts)


def _nepalese(random: Random, gender: str) -> Name:
    return _joined(_given(random, "nepalese", gender), _part(random, "nepalese_surnames"))


_FOREIGN = {"ベトナム": _vietnamese, "ブラジル": _brazilian, "フィリピン": _filipino, "ネパール": _nepalese}


def _as_on_residence_card(text: str) -> str:
    """Return a Latin name in capitals without its marks; đ is a letter of its own, which no decomposition opens."""
    plain = text.replace("đ", "d").replace("Đ", "D")
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c)).upper()
