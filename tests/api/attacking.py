"""Three clients that attack a server, or ask what honest ones ask, until they are stopped.

Usage: python -m tests.api.attacking URL AUTHORIZATION attack|ask
"""

import asyncio
import json
import sys

import httpx

from tests import clients
from tests.api.attacks import ATTACKS, HONEST


async def main(url: str, authorization: str, what: str) -> None:
    headers = {"authorization": authorization, "content-type": "application/json"}
    honest = json.dumps(HONEST).encode()

    async def over_and_over(client: httpx.AsyncClient) -> None:
        while True:
            for make in ATTACKS.values():
                await client.post(url, content=make() if what == "attack" else honest)

    async with clients.client(headers=headers, timeout=60) as client:
        working = [asyncio.create_task(over_and_over(client)) for _ in range(3)]
        print("at work", flush=True)  # noqa: T201 - who started this waits for it
        await asyncio.gather(*working)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
