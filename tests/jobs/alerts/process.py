"""A worker in a process of its own, for tests to kill: `process.py DIRECTORY SMTP-PORT SLACK-URL`."""

import asyncio
import sys
from pathlib import Path

from jobs.alerts.channels.mail import Mail, Security
from jobs.alerts.channels.slack import Slack
from jobs.worker import registry
from tests.jobs.alerts.outgoing import with_channels
from tests.jobs.worker.sites import open_site


def channels(port: int, url: str) -> tuple[Mail, Slack]:
    mail = Mail("127.0.0.1", "alerts@yukyu.test", ("aiko@yukyu.test",), port=port, security=Security.NONE)
    return mail, Slack(url)


async def main(directory: Path, port: int, url: str) -> None:
    async with open_site(directory) as site:
        await registry.work(with_channels(site, *channels(port, url)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
