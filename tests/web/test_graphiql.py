import pytest
from playwright.async_api import Browser, expect

from tests.web.serving import Site
from tests.web.visits import Visit, visiting

pytestmark = pytest.mark.xdist_group("browser")


async def test_an_example_runs_and_its_result_is_shown(visit: Visit) -> None:
    await visit.run_example("A Japanese name")

    await visit.sees('"佐藤 太郎"')
    await visit.sees('"佐藤"', within=".graphiql-editor-tool")


async def test_an_example_takes_the_place_of_another_and_not_of_what_somebody_wrote(visit: Visit) -> None:
    await visit.run_example("Counts by table")
    await visit.write("Mine", "{ me { name } }")
    await visit.run_example("Counts by table")
    await visit.run_example("Completions for a search box")

    await visit.sees('"佐藤 太郎"')
    await expect(visit.page.get_by_role("tab")).to_contain_text(["Mine", "Completions"])
    await expect(visit.page.get_by_role("tab", name="Counts")).to_have_count(0)


async def test_a_field_that_does_not_exist_is_underlined_as_it_is_typed(visit: Visit) -> None:
    await visit.write("Wrong", "{ me { shoeSize } }")

    await visit.page.locator(".graphiql-query-editor .squiggly-error").first.wait_for()


async def test_a_subscription_runs_over_a_websocket(visit: Visit) -> None:
    await visit.write_operation("Follow", 'subscription Follow { operationProgress(id: "backup:x") { state } }')
    async with visit.page.expect_websocket() as opened:
        await visit.run()

    assert (await opened.value).url.endswith("/graphql")
    await visit.sees("This server has no installation that it could look after.")


async def test_the_schema_can_be_browsed(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    await visit.page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True).click()
    await visit.sees("suggest", within=".graphiql-doc-explorer")

    await visit.page.get_by_role("button", name="Show Examples").click()


async def test_a_token_written_as_a_header_goes_before_the_session(visit: Visit, console: Site) -> None:
    await visit.sees("aiko", within=".account")
    await visit.write_header("Authorization", f"Bearer {console.token('ken')}")
    await visit.sees("ken", within=".account")

    await visit.write_header("X-Nothing", "here")
    await visit.sees("aiko", within=".account")
    await visit.page.get_by_role("button", name="Variables").click()


async def test_whoever_is_not_signed_in_is_told_how_and_can_sign_in_and_out(stranger: Visit, console: Site) -> None:
    await stranger.open_graphiql()
    await stranger.sees("yukyu token", within=".account")

    await stranger.paste_token(console.token("ken"))
    await stranger.sees("ken", within=".account")
    await stranger.sees("admin", within=".account")

    await stranger.page.get_by_role("button", name="Sign out").click()
    await stranger.page.wait_for_url("**/sign-in")
    assert await stranger.me() == "anonymous"


async def test_the_link_signs_in_once(stranger: Visit, console: Site) -> None:
    await stranger.page.goto(console.links.make(console.origin), wait_until="commit")

    assert stranger.page.url == console.graphiql
    assert await stranger.me() == "admin"


async def test_a_token_is_pasted_into_the_sign_in_page(stranger: Visit, console: Site) -> None:
    await stranger.page.goto(f"{console.origin}/sign-in")
    await stranger.paste_token(console.token("ken"))
    await stranger.page.wait_for_url(console.graphiql, wait_until="commit")

    assert await stranger.me() == "ken"


async def test_nothing_is_asked_of_others_even_where_the_policy_would_allow_it(
    chromium: Browser, console: Site
) -> None:
    async with visiting(chromium, console.origin, token=console.token("aiko"), ignores_policy=True) as visit:
        await visit.open_graphiql()
        await visit.run_example("Counts by table")
        await visit.sees('"totalCountExact"')
        await visit.page.goto(console.docs)
        await visit.page.locator(".opblock").first.wait_for()

        visit.must_be_calm()
