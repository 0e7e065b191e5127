"""`yukyu work --wait`: for a machine that starts everything at once."""

import json
import signal

from tests.api.commands.installation import Installation
from tests.db.cluster.witness import eventually
from tests.forking import Lasting


async def test_worker_waits_for_an_installation_where_it_is_told_to(
    installation: Installation, processes: list[Lasting]
) -> None:
    assert "There is no installation" in installation.command("work").stderr
    worker = installation.beside("work", "--wait")
    processes.append(worker)

    async def told() -> bool:
        return installation.printed("There is no installation") is not None

    await eventually(told)
    line = json.loads(installation.log.read_text().splitlines()[0])
    assert line["event"] == "waiting"
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
