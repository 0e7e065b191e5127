"""Requests that are made to cost much, each different from the one before, so that nothing remembered helps."""

import json
from collections.abc import Callable
from itertools import count

NUMBERS = count()

HONEST = {"query": 'query { search(query: "佐藤", first: 20) { nodes { score record { name kana employeeNum } } } }'}
HIT = "{ nodes { score record { id name kana employeeNum } highlights { field fragments { text matched } } } }"


def _document(document: str) -> Callable[[], bytes]:
    return lambda: json.dumps({"query": f"{document} # {next(NUMBERS)}"}).encode()


def _repeated(part: str, times: int, between: str = " ") -> str:
    return between.join(part.replace("@n", str(n)) for n in range(times))


def _variables(value: object) -> Callable[[], bytes]:
    query = "query ($v: String!) { suggest(prefix: $v) }"
    return lambda: json.dumps({"query": f"{query} # {next(NUMBERS)}", "variables": {"v": value}}).encode()


def _cyclic(spreads: int) -> str:
    return _repeated("fragment F@n on Query { ...F0 ...F1 me { name } }", spreads)


def _doubling(levels: int) -> str:
    fragments = (f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{' '.join(fragments)} fragment F{levels} on Query {{ me {{ name }} }}"


# The largest that each kind may be before the size of the body stops it.
ATTACKS: dict[str, Callable[[], bytes]] = {
    "aliases": _document("{ " + _repeated("a@n: me { name }", 12_000) + " }"),
    "aliases of what costs": _document("{ " + _repeated(f'a@n: search(query: "田", first: 100) {HIT}', 29) + " }"),
    "directives": _document("{ me { name " + "@skip(if: false) " * 10_000 + "} }"),
    "few tokens, many directives": _document("{ me { name " + "@a " * 900 + "} }"),
    "fragments in a circle": _document(f"{{ ...F0 }} {_cyclic(60)}"),
    "fragments that double each other": _document(f"{{ ...F0 }} {_doubling(60)}"),
    "depth": _document("{ me " * 10_000 + "}" * 10_000),
    "deep introspection": _document(
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"
    ),
    "wide introspection": _document(
        "{ __schema { types { " + _repeated("a@n: fields { type { fields { name args { name } } } }", 25) + " } } }"
    ),
    "one field many times": _document("{ me { " + "name " * 30_000 + "} }"),
    "one field with many arguments": _document("{ " + _repeated('suggest(prefix: "@n")', 240) + " }"),
    "a list in a list": _document("{ suggest(prefix: " + "[" * 30_000 + "]" * 30_000 + ") }"),
    "a batch": lambda: json.dumps([{"query": f"{{ me {{ name }} }} # {next(NUMBERS)}"}] * 4_000).encode(),
    "a huge variable": _variables("x" * 240_000),
    "a long list for a text": _variables(["x"] * 40_000),
    "a variable in a variable": lambda: b'{"query": "{ me { name } }", "variables": ' + b'{"a": ' * 30_000,
    "too large a body": lambda: b" " * 1_000_000,
}
