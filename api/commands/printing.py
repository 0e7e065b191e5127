"""Prints data for programs."""

from typing import Any

import orjson
from rich.console import Console


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever orjson knows
    Console().file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
