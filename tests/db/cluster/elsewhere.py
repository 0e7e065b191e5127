"""Another container, as far as processes are concerned: a process that has a numbering of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from db.cluster.layout import Layout

APART = ["unshare", "--pid", "--fork", "--kill-child"]
HOLD = """
import sys
from pathlib import Path
from db.cluster.layout import Layout
from db.cluster.lock import server_held
with server_held(Layout(Path(sys.argv[1])), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(layout: Layout, server: str) -> Iterator[subprocess.Popen[str]]:
    """Have a server looked after from another container; its node ends with the block, or when it is killed."""
    apart = [*APART, "--user", "--map-root-user"] if os.geteuid() else APART
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody have a process numbering of their own")
    command = [*apart, sys.executable, "-c", HOLD, str(layout.root), server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()
