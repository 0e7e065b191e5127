import pytest

from db.errors import BadInputError
from db.lsn import Lsn


@pytest.mark.parametrize("text", ["0/0", "0/16B3748", "1/0", "FFFFFFFF/FFFFFFFF"])
def test_prints_what_it_reads(text: str) -> None:
    assert str(Lsn.parse(text)) == text


def test_reads_small_letters() -> None:
    assert Lsn.parse("a/16b3748") == Lsn.parse("A/16B3748")


def test_positions_compare_across_the_slash() -> None:
    assert Lsn.parse("1/0") - Lsn.parse("0/FFFFFFFF") == 1


@pytest.mark.parametrize("text", ["", "0", "/", "0/", "0/G", "0/123456789", " 0/0", "0/0\n", "-1/0", "0/0/0", "１/0"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="not a log sequence number"):
        Lsn.parse(text)
