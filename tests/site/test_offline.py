"""The offline book: what `make zip` packs, unpacked elsewhere and opened without any network."""

import re

import pytest
from built_book import CHAPTERS, CONTENT

CHAPTER = "chapters/23-building-a-cnn.html"


@pytest.fixture
def visit(browser, unpacked):
    """Return a function that opens a page from the folder: (page, what went wrong)."""
    contexts = []

    def open_it(name):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        contexts.append(context)
        page, trouble = context.new_page(), []
        context.route(re.compile("^(https?|wss?):"), lambda route: route.abort())
        page.on("request", lambda r: r.url[:4] in ("http", "ws:/") and trouble.append(r.url))
        page.on("requestfailed", lambda request: trouble.append(request.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and trouble.append(m.text))
        page.goto((unpacked / name).as_uri(), wait_until="load")
        return page, trouble

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", CONTENT)
def test_a_page_is_whole_and_asks_nobody(visit, name):
    page, trouble = visit(name)
    page.evaluate(
        """Promise.all([...document.querySelectorAll("article img")].map((image) => {
          image.loading = "eager";
          return image.decode().catch(() => { throw new Error(`not there: ${image.src}`); });
        }))"""
    )
    assert trouble == []
    if page.locator("article .katex").count():
        page.evaluate("document.fonts.ready")
        loaded = "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)"
        assert any("KaTeX" in family for family in page.evaluate(loaded))


@pytest.mark.parametrize("name", CHAPTERS)
def test_folds_open_and_figures_live(visit, name):
    page, trouble = visit(name)
    page.locator("article details > summary").first.click()
    assert page.locator("article details").first.get_attribute("open") is not None
    figures = page.locator(".living-figure")
    assert figures.count() > 0
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        figure.locator(".living-widget").wait_for(timeout=5000)
        assert figure.locator(".living-picture").is_hidden()
    assert trouble == []


def test_links_lead_from_page_to_page(visit):
    page, trouble = visit(CHAPTERS[0])
    page.locator("a.right-next").click()
    page.wait_for_url(re.compile("^file:.*" + re.escape(CHAPTERS[1])))
    assert page.locator("article h1").is_visible()
    assert trouble == []


def test_search_finds_max_pooling(visit):
    page, trouble = visit(CHAPTER)
    page.locator(".search-button__button").first.click()
    page.keyboard.type("max pooling")
    page.keyboard.press("Enter")
    hit = page.locator("#search-results ul.search a[href*='23-building-a-cnn']").first
    hit.wait_for(timeout=10000)
    assert trouble == []
    hit.click()
    page.wait_for_load_state()
    assert CHAPTER in page.url
