"""`yukyu` itself: the list of commands, and the one that is run."""

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from api.commands.program import COMMANDS, GROUPS

YUKYU = Path(sys.executable).with_name("yukyu")
WIDE = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=os.environ | WIDE | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_list_names_every_command_and_imports_none(arguments: tuple[str, ...]) -> None:
    listed = python("-X", "importtime", YUKYU, *arguments)

    for name, summary in {**COMMANDS, **{name: about for name, (_, about) in GROUPS.items()}}.items():
        assert f" {name} " in listed.stdout
        assert summary.replace("`", "") in listed.stdout
    imported = {line.rpartition("|")[2].strip() for line in listed.stderr.splitlines()}
    modules = {f"api.commands.{name}" for name in (*COMMANDS, *(module for module, _ in GROUPS.values()))}
    assert "api.commands.program" in imported
    assert imported.isdisjoint(modules)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_describes_a_command_as_it_describes_itself(name: str) -> None:
    told = inspect.getdoc(getattr(import_module(f"api.commands.{name}"), name))
    assert told is not None

    assert " ".join(told.partition("\n\n")[0].split()) == COMMANDS[name]


@pytest.mark.parametrize(("name", "other"), [("backup", "create"), ("data", "sample")])
def test_a_group_has_its_commands_and_says_what_it_is_about(name: str, other: str) -> None:
    told = python(YUKYU, name, "--help").stdout

    assert GROUPS[name][1] in told
    assert f" {other} " in told


def test_a_command_that_there_is_not_is_refused_with_one_that_there_is() -> None:
    refused = python(YUKYU, "bakcup", "list")

    assert refused.returncode == 2
    assert "No such command 'bakcup'" in refused.stderr
    assert "backup" in refused.stderr


def test_the_shell_completes_commands_of_a_group() -> None:
    typed = {"_YUKYU_COMPLETE": "complete_bash", "COMP_WORDS": "yukyu backup cr", "COMP_CWORD": "2"}

    assert "create" in python(YUKYU, **typed).stdout
