"""Open every page as readers do: wide, tablet and phone, light and dark, and look for trouble.

A page is loaded once per width; the dark scheme is switched on in the loaded page. All findings
of a visit are kept, so that each check below reads them without another visit. axe is asked once
of the wide page with all folds open, once of the phone's, and for the dark of the colors alone.
"""

import functools
import gzip
from pathlib import Path

import pytest
from built_book import CHAPTERS, PAGES

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOR_RULES = ["color-contrast", "link-in-text-block"]
WIDTHS = {1400: 900, 768: 1000, 320: 640}

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""
# Formulas and highlighted code are two thirds of a page's elements, and alike on all pages: axe
# looks into them on one.
INSIDE = CHAPTERS[1]
RUN_AXE = """async ([only, exclude]) => (await axe.run({include: ["html"], exclude},
  {runOnly: only})).violations.map(
  (v) => `${v.id} (${v.nodes.length}): ${v.nodes.slice(0, 3).map((n) => n.target).join(" | ")}`)"""
UNFOLD = "document.querySelectorAll('article details').forEach((fold) => (fold.open = true))"
# Beyond the right edge, and not inside something that scrolls by itself.
TOO_WIDE = """() => {
  const edge = document.documentElement.clientWidth + 1;
  const scrolls = (e) => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement === document.body ? null : e.parentElement));
  const page = document.documentElement.scrollWidth - edge + 1;
  const found = [...document.querySelectorAll("article *")].filter((e) =>
    e.getBoundingClientRect().right > edge && e.checkVisibility() && !scrolls(e)
    && !e.closest(".katex-mathml, svg"));
  return [...(page > 0 ? [`the page by ${page} px`] : []),
    ...found.slice(0, 3).map((e) => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)];
}"""


@pytest.fixture(scope="module")
def visit(browser, address):
    """Return a function (page, width) -> findings of a visit."""

    @functools.cache
    def go(name, width):
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme="light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.add_init_script(WATCH)
        found = {"foreign": [], "console": [], "failed": [], "bytes": 0, "axe": {}}

        def refuse(route):
            if route.request.url.startswith((address, "data:", "blob:")):
                route.continue_()
            else:
                found["foreign"].append(route.request.url)
                route.abort()

        def answered(response):
            if response.status >= 400 and not (name == "404.html" and response.url == page.url):
                found["failed"].append(f"{response.status} {response.url}")
            elif response.url.startswith(address) and width == 1400:
                bodies.append(response)

        bodies = []
        context.route("**/*", refuse)
        page.on("response", answered)
        page.on("requestfailed", lambda r: found["failed"].append(r.url))
        page.on("pageerror", lambda error: found["console"].append(str(error)))
        page.on(
            "console",
            lambda m: m.type in ("error", "warning") and found["console"].append(m.text),
        )
        page.goto(address + name, wait_until="networkidle")
        packed = (".png", ".woff2", ".jpg")
        found["bytes"] = sum(
            len(r.body() if r.url.endswith(packed) else gzip.compress(r.body(), 6)) for r in bodies
        )
        found["shift"] = page.evaluate("shifts.reduce((a, b) => a + b, 0)")
        found["wide"] = page.evaluate(TOO_WIDE)
        if width == 1400:  # what is folded away is checked as well
            page.evaluate(UNFOLD)
        if width != 768:
            page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
            skipped = [] if (name, width) == (INSIDE, 1400) else [".katex", ".highlight pre"]
            rules = {"type": "tag", "values": TAGS}
            found["axe"]["light"] = page.evaluate(RUN_AXE, [rules, skipped])
        if width == 1400:
            page.emulate_media(color_scheme="dark")
            page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
            rules = {"type": "rule", "values": COLOR_RULES}
            found["axe"]["dark"] = page.evaluate(RUN_AXE, [rules, skipped])
        if width == 320:
            page.evaluate(UNFOLD)
            found["wide"] += page.evaluate(TOO_WIDE)
        context.close()
        return found

    return go


class Visits:
    """The checks of every page at one width; each width is a class that one process works on."""

    width = None

    def test_asks_no_other_host(self, visit, name):
        assert visit(name, self.width)["foreign"] == []

    def test_console_stays_silent(self, visit, name):
        assert visit(name, self.width)["console"] == []

    def test_every_request_is_answered(self, visit, name):
        assert visit(name, self.width)["failed"] == []

    def test_nothing_moves_while_it_loads(self, visit, name):
        assert visit(name, self.width)["shift"] < 0.02

    def test_never_scrolls_sideways(self, visit, name):
        assert visit(name, self.width)["wide"] == []

    def test_accessible(self, visit, name):
        assert not any(visit(name, self.width)["axe"].values())


@pytest.mark.parametrize("name", PAGES)
class TestDesktop(Visits):
    width = 1400

    def test_first_load_is_light(self, visit, name):
        assert name not in CHAPTERS or visit(name, self.width)["bytes"] < 600_000


@pytest.mark.parametrize("name", PAGES)
class TestTablet(Visits):
    width = 768


@pytest.mark.parametrize("name", PAGES)
class TestPhone(Visits):
    width = 320
