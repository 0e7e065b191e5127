"""Options that several commands take, and the settings they override."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Directory of the installation. [env: YUKYU_DATA_DIR]", show_default=False),
]
Host = Annotated[
    str | None, typer.Option("--host", help="Address to listen on; 127.0.0.1 by default. [env: YUKYU_HOST]")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Port to listen on; 8000 by default, 0 picks one. [env: YUKYU_PORT]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table for people.")]


def settings_with(**overrides: Any) -> Settings:  # noqa: ANN401 - each field has a type of its own
    """Return the environment's settings, with every option that was given in place of them."""
    return Settings(**{name: value for name, value in overrides.items() if value is not None})
