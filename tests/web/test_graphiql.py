import pytest
from playwright.async_api import Browser, expect

from tests.web.visits import Visit, visiting

pytestmark = pytest.mark.xdist_group("browser")


async def test_an_operation_is_run_and_its_result_is_shown(visit: Visit) -> None:
    await visit.write("Mine", "{ me { name roles } }")
    await visit.run()

    await visit.sees('"aiko"')


async def test_an_example_is_opened_from_the_panel_and_runs(visit: Visit) -> None:
    await visit.run_example("Counts by table")

    await visit.sees("countsByTable", within=".graphiql-query-editor")
    await visit.sees('"山本"', within=".graphiql-editor-tool")
    await visit.sees('"totalCountExact"')


async def test_one_example_takes_the_place_of_another(visit: Visit) -> None:
    await visit.run_example("Counts by table")
    await visit.run_example("Who am I")

    await visit.sees('"aiko"')
    await expect(visit.page.get_by_role("tab")).to_contain_text(["WhoAmI"])


async def test_what_somebody_wrote_stays_in_its_tab_when_an_example_is_opened(visit: Visit) -> None:
    await visit.write("Mine", "{ me { name } }")
    await visit.run_example("Counts by table")

    await expect(visit.page.get_by_role("tab")).to_contain_text(["Mine", "Counts"])


async def test_a_field_that_does_not_exist_is_underlined_as_it_is_typed(visit: Visit) -> None:
    await visit.write("Mine", "{ me { shoeSize } }")

    await visit.page.locator(".graphiql-query-editor .squiggly-error").first.wait_for()


async def test_the_schema_can_be_browsed(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    await visit.page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True).click()

    await visit.sees("suggest", within=".graphiql-doc-explorer")


async def test_it_says_who_is_signed_in(visit: Visit) -> None:
    await visit.sees("aiko", within=".account")
    await visit.sees("admin", within=".account")


async def test_whoever_is_not_signed_in_is_told_how_and_a_token_does_it(
    chromium: Browser, console_url: str, console_token: str
) -> None:
    async with visiting(chromium, console_url) as visit:
        await visit.sees("yukyu token", within=".account")
        await visit.page.get_by_label("Token").fill(console_token)
        await visit.page.get_by_role("button", name="Sign in").click()
        await visit.sees("aiko", within=".account")
        await visit.run_example("Who am I")
        await visit.sees('"aiko"')
        assert visit.complaints == []


async def test_whoever_signed_in_can_sign_out(chromium: Browser, console_url: str, console_token: str) -> None:
    async with visiting(chromium, console_url) as visit:
        await visit.page.get_by_label("Token").fill(console_token)
        await visit.page.get_by_role("button", name="Sign in").click()
        async with visit.page.expect_navigation():
            await visit.page.get_by_role("button", name="Sign out").click()
        await visit.open(console_url)

        await visit.sees("Not signed in", within=".account")


async def test_a_token_written_as_a_header_signs_in_too(
    chromium: Browser, console_url: str, console_token: str
) -> None:
    async with visiting(chromium, console_url) as visit:
        await visit.page.get_by_role("button", name="Headers").click()
        await visit.page.locator(".graphiql-editor-tool .monaco-editor:visible").click()
        await visit.page.keyboard.insert_text(f'{{"Authorization": "Bearer {console_token}"}}')

        await visit.sees("aiko", within=".account")


async def test_nothing_is_asked_of_others_even_where_the_browser_would_allow_it(
    chromium: Browser, console_url: str, console_token: str
) -> None:
    async with visiting(chromium, console_url, token=console_token, ignores_policy=True) as visit:
        await visit.run_example("Counts by table")
        await visit.sees('"totalCountExact"')
        await visit.write("Mine", "{ me { shoeSize } }")
        await visit.page.locator(".graphiql-query-editor .squiggly-error").first.wait_for()

        assert visit.outside == []
