"""The API without a database, for bench/feed.py: `feed_server.py DIRECTORY SECRET` prints its port."""

import gc
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from api import logs
from api.app import create_app
from api.commands import allocator
from api.commands.foreground import Foreground, listen
from api.settings import Settings
from api.signin import SignInLinks
from api.streams import Streams
from api.tokens import Tokens
from db.cluster import Binaries
from db.cluster.desired import States
from db.cluster.identity import Identity
from db.cluster.installation import Installation
from db.cluster.layout import Layout
from db.cluster.passwords import Passwords
from db.control import Control
from db.engines import Engines
from db.repository import Repository
from jobs.health import Report
from jobs.site import Site

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


async def examine() -> Report:
    raise NotImplementedError


async def serve(foreground: Foreground, directory: Path, secret: str) -> None:
    layout = Layout.of(directory)
    layout.create()
    installation = Installation(
        layout=layout,
        binaries=Binaries.find(),
        user=Identity.choose(layout.clusters),
        passwords=Passwords.load_or_create(layout.passwords),
        states=States(layout.state),
    )
    async with Control.open(layout.state) as control, Engines.open(NOWHERE, []) as engines:
        site = Site(control, Repository.at(directory / "backups"), installation)
        streams = Streams(most_per_user=100_000, most_subscriptions_per_user=100_000)
        app = create_app(
            engines,
            Settings(),
            tokens=Tokens(secret),
            links=SignInLinks(),
            examine=examine,
            site=site,
            streams=streams,
        )
        with listen("127.0.0.1", 0) as listening:
            gc.collect()
            gc.freeze()  # as `yukyu serve` does
            print(listening.getsockname()[1], flush=True)
            await foreground.serve(app, listening, max_message_bytes=2**18, trusted_proxies=[], on_stop=streams.end)


if __name__ == "__main__":
    allocator.choose()
    logs.configure()  # to standard error: the first line of standard output is the port
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Foreground().run(lambda foreground: serve(foreground, Path(sys.argv[1]), sys.argv[2]))
