"""Statement texts without their literals, which may be about people."""

from typing import Final

from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

LITERALS: Final = frozenset(
    {
        TokenType.STRING,
        TokenType.NUMBER,
        TokenType.HEREDOC_STRING,
        TokenType.RAW_STRING,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
        TokenType.BYTE_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.UNICODE_STRING,
    }
)
LONGEST: Final = 1000


def without_literals(sql: str) -> str:
    """Return a statement with '?' for every literal and without comments; only its first word if it cannot be read."""
    try:
        tokens = Postgres().tokenize(sql)
    except TokenError:  # cut off in the middle, most often
        return f"{first_word(sql)} …"
    return "".join(_pieces(sql, tokens)).strip()[:LONGEST]


def first_word(sql: str) -> str:
    word = sql.split(maxsplit=1)[0] if sql.strip() else ""
    return word.upper() if word.isalpha() else ""


def _pieces(sql: str, tokens: list[Token]) -> list[str]:
    pieces: list[str] = []
    end, before = 0, None
    for token in tokens:
        if token.start > end and pieces:
            pieces.append(" ")
        hidden = token.token_type in LITERALS and before is not TokenType.PARAMETER
        pieces.append("?" if hidden else sql[token.start : token.end + 1])
        end, before = token.end + 1, token.token_type
    return pieces
