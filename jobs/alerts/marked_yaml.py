"""Reads a YAML file as plain values, and remembers on which line each stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 256 * 1024
STANDARD = "tag:yaml.org,2002:"
TAGS = frozenset({"map", "seq", "str", "int", "float", "bool", "null", "timestamp"})
Place = tuple[str | int, ...]


class MarkedError(Exception):
    """The file cannot be read, or is not YAML of the plain kind."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class Marked:
    """What a file says: texts, numbers, booleans, None, lists and mappings; moments and times stay texts."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict[Place, int])

    def line(self, path: Sequence[str | int]) -> int | None:
        """Return where something stands; of what is missing, where that stands which lacks it."""
        known = tuple(path)
        while known and known not in self.lines:
            known = known[:-1]
        return self.lines.get(known)


def read(file: Path) -> Marked:
    """Read a file.

    Raises:
        MarkedError: it cannot be read or understood.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MarkedError(None, f"It cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(content) > MOST_BYTES:
        raise MarkedError(None, f"It is larger than {MOST_BYTES // 1024} KiB.")
    marked = Marked()
    try:
        text = content.decode()
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            marked.value = _Reading(marked).value(root, ())
    except UnicodeDecodeError as error:
        raise MarkedError(content.count(b"\n", 0, error.start) + 1, "It is not UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MarkedError(
            mark.line + 1 if mark else None, f"It is not YAML: {error.problem or error.context}."
        ) from error
    except yaml.YAMLError as error:
        raise MarkedError(None, f"It is not YAML: {error}.") from error
    except RecursionError as error:
        raise MarkedError(None, "It is nested too deeply.") from error
    return marked


class _Reading:
    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Place) -> Any:  # noqa: ANN401 - whatever the file says
        line = node.start_mark.line + 1
        self._marked.lines.setdefault(path, line)
        if id(node) in self._seen:  # an alias: a few of them can stand for more than there is memory
            raise MarkedError(line, "Aliases are not understood here; write it out.")
        self._seen.add(id(node))
        if node.tag.removeprefix(STANDARD) not in TAGS:
            raise MarkedError(line, f"The tag {node.tag} is not understood here.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, number)) for number, each in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise MarkedError(line, "A key is a text.")
            key = str(key_node.value)
            if key in found:
                raise MarkedError(
                    line, f"{key!r} is here twice; the first is on line {self._marked.lines[(*path, key)]}."
                )
            self._marked.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found


def _scalar(node: yaml.Node) -> Any:  # noqa: ANN401 - whatever the file says
    """Return numbers and booleans as such; what YAML takes for a moment, or for a number of base 60, stays a text."""
    text = str(node.value)
    try:
        match node.tag.removeprefix(STANDARD):
            case "null":
                return None
            case "bool":
                return text.lower() in {"true", "yes", "on"}
            case "int":
                return int(text)
            case "float":
                return float(text)
            case _:
                return text
    except ValueError:
        return text
