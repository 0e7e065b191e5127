"""Values as JSON has them, exactly; what JSON has no word for is spelled out in an object of one member."""

import base64
import binascii
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

BYTES, NUMBER = "$bytes", "$number"


def encoded(value: object) -> object:
    """Return a value for a line: amounts as texts, so that no digit is lost, and moments in UTC."""
    match value:
        case str() if not _is_unicode(value):
            return {BYTES: _base64(value.encode("utf-8", "surrogateescape"))}
        case float() if not math.isfinite(value):
            return {NUMBER: repr(value)}
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return {BYTES: _base64(value)}
        case _:
            return _spelled(value)


def _spelled(value: object) -> str:
    match value:
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def decoded(value: object) -> object:
    """Return what `encoded` was given, but for moments, dates and amounts, which are texts."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((key, said),) = value.items()
    try:
        if key == BYTES and isinstance(said, str):
            return base64.b64decode(said, validate=True)
        if key == NUMBER and isinstance(said, str):
            return float(said)
    except (binascii.Error, ValueError):
        pass
    return value


def line_of(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def row_of(line: bytes) -> dict[str, Any]:
    """Return the object that a line is.

    Raises:
        ValueError: it is none; the sentence goes on after the line's number.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = _lenient(line)
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - what is caught
    return {key: decoded(value) if isinstance(value, dict) else value for key, value in row.items()}


def _lenient(line: bytes) -> object:
    """Read what the strict reader refuses: half of a character, which somebody's tool may have written."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is not UTF-8, or nested too deeply"
        raise ValueError(f"is not JSON: {reason}") from error


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
