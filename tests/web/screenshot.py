"""Take the picture of GraphiQL that the documentation shows, from a running server.

    .venv/bin/python -m tests.web.screenshot http://127.0.0.1:8000 docs/images/graphiql.png --token TOKEN

The token needs no more than the role `viewer`; `yukyu token --role viewer` prints one.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from playwright.async_api import async_playwright

from tests.web.visits import installed_chromium, launch, visiting

WARM = 8  # runs; the first on each of the server's connections has its statement to prepare


async def take(origin: str, file: Path, *, token: str | None, example: str) -> None:
    program = installed_chromium()
    if program is None:
        sys.exit("There is no chromium on the PATH and YUKYU_TEST_CHROMIUM names none: apt-get install chromium.")
    async with async_playwright() as playwright:
        browser = await launch(playwright, program)
        async with visiting(browser, origin, token=token) as visit:
            await visit.open_graphiql()
            for _ in range(WARM):
                await visit.run_example(example)
                await visit.sees('"data"')
                await visit.page.wait_for_timeout(200)
            await visit.page.locator(".graphiql-response").hover()
            await visit.page.wait_for_timeout(1_000)  # fonts, colours and the fading of buttons
            await visit.page.screenshot(path=file, animations="disabled")
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the picture of GraphiQL from a running server.")
    parser.add_argument("origin")
    parser.add_argument("file", type=Path)
    parser.add_argument("--token")
    parser.add_argument("--example", default="A Japanese name")
    chosen = parser.parse_args()
    asyncio.run(take(chosen.origin, chosen.file, token=chosen.token, example=chosen.example))


if __name__ == "__main__":
    main()
