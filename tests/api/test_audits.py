"""The specification's own audit suite, npm's `graphql-http`, against a running server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schema.roles import Role
from tests.api.server_process import ServerProcess

AUDITS = Path(__file__).parent / "audits"
# Node of the machine, or else the one that `make install` puts beside Python.
ENVIRONMENT = os.environ | {"PATH": f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"}
ENOUGH = 50


def node(*command: str, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=AUDITS, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture(scope="module")
def installed() -> None:
    """The suite's packages. CI must be able to install them; elsewhere npm's registry may be out of reach."""
    install = node("npm", "ci", "--fetch-retries=1", "--fetch-timeout=30000", timeout=100)
    if install.returncode and "CI" not in os.environ:
        pytest.skip(f"npm could not install the audit suite: {install.stderr.strip()[-200:]}")
    assert install.returncode == 0, install.stderr


@pytest.mark.long
def test_every_requirement_of_graphql_over_http_is_met(installed: None, server: ServerProcess) -> None:
    audited = node("node", "run.js", server.graphql, server.token("aiko", Role.ADMIN), timeout=100)

    outcomes = audited.stdout.splitlines()
    assert [outcome for outcome in outcomes if not outcome.startswith("ok ")] == [], audited.stderr
    assert audited.returncode == 0, audited.stderr
    assert len(outcomes) > ENOUGH
