"""A healthy installation that nobody uses: nothing fires."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.api.commands.installation import Installation

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

SECONDS = 90


async def test_nothing_fires_on_a_healthy_installation_with_rows_in_it(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUKYU_MONITOR_INTERVAL", "1")  # a tick a second sees in it what fifteen would
    directory = scratch / "idle"
    directory.mkdir(mode=0o711)
    installation = Installation(directory / "installation")
    installation.fork("--sample", "5000")
    try:
        await installation.ready()
        await asyncio.sleep(SECONDS)
        listed = installation.command("alerts", "list", "--all", "--json")
    finally:
        await installation.stop()

    # One may be pending: the first baseline is taken after a few minutes.
    assert [alert for alert in json.loads(listed.stdout) if alert["fired_at"]] == []
    assert listed.returncode == 0
