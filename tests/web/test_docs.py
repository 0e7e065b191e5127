import pytest
from playwright.async_api import expect

from api.search import ENDPOINTS
from tests.web.serving import Site
from tests.web.visits import Visit

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.long
async def test_the_endpoints_are_shown_and_answer_whoever_writes_a_token_there(stranger: Visit, console: Site) -> None:
    page = stranger.page
    await page.goto(console.docs)
    for name in ENDPOINTS:
        await expect(page.locator(f'[data-path="/api/search/{name}"]')).to_be_visible()

    await page.get_by_role("button", name="Authorize").first.click()
    await page.get_by_label("auth-bearer-value").fill(console.token("aiko"))
    await page.get_by_label("Apply credentials").click()
    await page.locator(".btn-done").click()

    staff = page.locator(".opblock", has=page.locator('[data-path="/api/search/staff"]'))
    await staff.get_by_role("button").first.click()
    await staff.locator('tr[data-param-name="q"] input').fill("たろう")
    await staff.get_by_role("button", name="Execute").click()

    answer = staff.locator(".live-responses-table tr.response")
    await expect(answer.locator(".response-col_status")).to_contain_text("200")
    await expect(answer.locator(".response-col_description")).to_contain_text("佐藤 太郎")
