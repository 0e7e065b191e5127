"""Secrets from files: every secret setting can be in a file that its variable with `_FILE` behind it names."""

import logging
import os
import stat
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

# Not structlog's: settings are read before logs are set up, and standard output belongs to the command.
log = logging.getLogger(__name__)

LARGEST_BYTES = 64 * 1024


def is_secret(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    """Return whether a field holds a secret, by itself or in a list."""
    return annotation is SecretStr or any(map(is_secret, get_args(annotation)))


def value_of(variable: str, given: object) -> object:
    """Return what was given for a secret or, where `VARIABLE_FILE` names a file, what is in it.

    Raises:
        ValueError: both were given, or the file is of no use; pydantic makes it a complaint about the setting.
    """
    file = os.environ.get(f"{variable}_FILE")
    if not file:
        return given
    if given:
        message = f"{variable} and {variable}_FILE are both set; one of them has to go"
        raise ValueError(message)
    return _read(Path(file), variable)


def _read(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                log.warning("%s_FILE: others than its owner may read %s; `chmod 600` it.", variable, path)
            content = file.read(LARGEST_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        message = f"{path}, which {variable}_FILE names, cannot be read: {error.strerror}"
        raise ValueError(message) from None
    except UnicodeDecodeError:
        message = f"{path}, which {variable}_FILE names, is not text in UTF-8"
        raise ValueError(message) from None
    if len(content) > LARGEST_BYTES:
        message = f"{path}, which {variable}_FILE names, is larger than {LARGEST_BYTES} bytes"
        raise ValueError(message)
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        message = f"{path}, which {variable}_FILE names, is empty"
        raise ValueError(message)
    return text
