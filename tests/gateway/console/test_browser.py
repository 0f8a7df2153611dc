"""In a real browser: no script fails, axe finds nothing; by keyboard, narrow and wide, dark and light, without JavaScript."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gateway.console.access import Role
from tests.gateway.console.conftest import House

pytestmark = pytest.mark.needs("chromium")

NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        await opened.close()


async def audit(browser: Browser, house: House, **options: object) -> BrowserContext:
    """A browser of the audit administrator, who shows a certificate."""
    shown = {
        "origin": house.tls.address,
        "certPath": str(house.layout.folder / "audit.pem"),
        "keyPath": str(house.layout.folder / "audit.key"),
    }
    return await browser.new_context(ignore_https_errors=True, client_certificates=[shown], **options)


def heard(page: Page) -> list[str]:
    """What goes wrong on a page from now on: script errors, and what the Content-Security-Policy stopped."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    return wrong


@pytest.mark.parametrize(
    ("scheme", "size", "paths"),
    [("light", WIDE, ("/exchanges?id={id}", "/exchanges")), ("dark", NARROW, ("/", "/agreements"))],
)
async def test_an_auditors_pages(
    browser: Browser, stands: House, scheme: str, size: dict[str, int], paths: tuple[str, ...]
) -> None:
    context = await audit(browser, stands, color_scheme=scheme, viewport=size, locale="en-GB")
    page, axe = await context.new_page(), Axe()
    wrong = heard(page)
    for path in paths:
        await page.goto(stands.tls.address + path.format(id=stands.exchange))
        found = await axe.run(page, options=OPTIONS)
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert wrong == []
    await context.close()


async def test_this_machine_in_chinese_with_the_keyboard(browser: Browser, stands: House) -> None:
    context = await browser.new_context(locale="zh-CN", viewport=WIDE)
    page, axe = await context.new_page(), Axe()
    wrong = heard(page)
    for path in ("/certificates", "/catalogue"):
        await page.goto(stands.local.address + path)
        found = await axe.run(page, options=OPTIONS)
        assert found.violations_count == 0, found.generate_report()
    await page.goto(stands.local.address)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cities/440100")
    assert wrong == []
    await context.close()


async def test_a_part_is_refreshed_without_the_page(browser: Browser, stands: House) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    wrong = heard(page)
    await page.goto(stands.local.address)
    await page.evaluate("document.body.dataset.same = 'yes'; document.querySelector('#live h1').textContent = 'stale'")
    await page.evaluate("htmx.ajax('GET', '/', {target: '#live', select: '#live', swap: 'outerHTML'})")
    await page.wait_for_function("document.querySelector('#live h1').textContent === 'Overview'")
    assert await page.evaluate("document.body.dataset.same") == "yes"
    assert wrong == []
    await context.close()


async def test_without_javascript_an_auditor_searches_and_downloads(browser: Browser, stands: House) -> None:
    context = await audit(browser, stands, java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{stands.tls.address}/exchanges")
    await page.get_by_label("Exchange id").fill(stands.exchange)
    await page.get_by_label("Exchange id").press("Enter")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download receipt").click()
    assert (await download.value).suggested_filename == f"receipt-{stands.exchange}.json"
    assert stands.entries()[-1].facts["sought"] == "receipt"
    await context.close()


async def test_a_browser_without_a_role_is_told_so(browser: Browser, stands: House) -> None:
    assert (await stands.get(Role.LOCAL, "/exchanges")).status == 403
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{stands.local.address}/exchanges")
    assert await page.get_by_role("heading", level=1).inner_text() == "403 Not for you"
    assert await page.get_by_role("link", name="Exchanges").count() == 0
    await context.close()
