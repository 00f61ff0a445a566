"""What a reader does: by keyboard alone, by search, from a folder, with less motion."""

import io

import numpy as np
import pytest
from bs4 import BeautifulSoup
from built_book import CHAPTERS, PAGES
from PIL import Image

CHAPTER = "chapters/23-building-a-cnn.html"
ACTIVE = "document.activeElement"
FOCUS = """() => {
  const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
  return outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
}"""
# What lies over each of three points of the focused element, if it is nothing of its own.
COVERS = """() => {
  const active = document.activeElement;
  const {left, top, width, height} = active.getClientRects()[0];
  const within = (y) => Math.min(Math.max(y, 1), innerHeight - 2);
  return [0.2, 0.5, 0.8].map((part) =>
    document.elementFromPoint(left + width / 2, within(top + part * height)))
    .filter((e) => !e || !(active.contains(e) || e.contains(active)))
    .map((e) => e ? `${e.tagName}.${e.className}` : "nothing: it is off the screen");
}"""


def tab_to(page, selector, limit=80):
    """Press Tab until `selector` has the focus; it must then be seen to have it."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate(f"{ACTIVE}.matches({selector!r})"):
            assert page.evaluate(FOCUS) >= 2, f"the focus is not seen on {selector}"
            return
    raise AssertionError(f"Tab does not reach {selector}")


@pytest.mark.parametrize("width", [1400, 320])
def test_focus_is_seen_on_every_stop_and_nothing_lies_over_it(open_page, width):
    """Forward from the top and back from the end, under the bar that stays on top."""
    page = open_page("chapters/22-convolution.html", width, 700, reduced_motion="reduce")
    for key, start in (("Tab", ".bd-article h1"), ("Shift+Tab", ".prev-next-area")):
        page.locator(start).evaluate("(e) => { e.tabIndex = -1; e.focus(); }")
        for _ in range(60):
            page.keyboard.press(key)
            name = page.evaluate(f"{ACTIVE}.outerHTML.slice(0, 120)")
            assert page.evaluate(FOCUS) >= 2, f"the focus is not seen on {name}"
            assert page.evaluate(COVERS) == [], name


@pytest.mark.parametrize("kind", ["details.sd-dropdown", "details.fold", "details.hide"])
def test_the_focus_on_a_fold_is_painted_all_around(open_page, kind):
    """Pixels are asked: the outline's style was right when the fold's frame cut it off."""
    page = open_page(CHAPTER, reduced_motion="reduce")
    fold = page.locator(f"article section {kind}").first
    summary = fold.locator("> summary")
    summary.scroll_into_view_if_needed()
    for _ in range(2):  # closed, then open
        summary.evaluate("(e) => e.blur()")
        before = picture_of(page, summary)
        page.keyboard.press("Shift")  # the keyboard is in use
        summary.evaluate("(e) => e.focus({focusVisible: true})")
        changed = (picture_of(page, summary) != before).any(axis=2)
        for line in (changed[:8], changed[-8:], changed[:, :8].T, changed[:, -8:].T):
            assert line.any(axis=0).mean() > 0.7  # the corners are round
        fold.evaluate("(e) => { e.open = true; }")


def picture_of(page, element):
    """Return the pixels of an element and of 4 more around it."""
    box = element.bounding_box()
    clip = {"x": box["x"] - 4, "y": box["y"] - 4,
            "width": box["width"] + 8, "height": box["height"] + 8}  # fmt: skip
    image = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return np.asarray(image).astype(int)


def test_skip_link_comes_first(open_page):
    page = open_page(CHAPTER)
    tab_to(page, ".skip-link a", limit=1)
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")


SETTLED = """async () => {
  for (let last = NaN, still = 0; still < 5; ) {
    await new Promise((next) => setTimeout(next, 50));
    still = scrollY === last ? still + 1 : 0;
    last = scrollY;
  }
}"""


def place_on_screen(page, anchor):
    """Return how far below the window's top the target of `anchor` lies once all is still."""
    page.evaluate(SETTLED)
    return page.evaluate("(id) => document.getElementById(id).getBoundingClientRect().top", anchor)


def far_anchors(page, links):
    """Return five anchors in the lower half of the page; the last one cannot come to the top."""
    anchors = page.eval_on_selector_all(links, "(all) => all.map((a) => a.hash.slice(1))")
    half = anchors[len(anchors) // 2 : -1]
    assert len(half) >= 5
    return half[:: len(half) // 5][:5]


LONG_CHAPTER = "chapters/24-training.html"
CONTENTS = "#pst-page-toc-nav a[href^='#']"


@pytest.mark.parametrize("width", [1400, 320])
def test_an_address_with_an_anchor_leads_to_its_place(open_page, width):
    page = open_page(LONG_CHAPTER, width, 900)
    address = page.url
    *others, last = [
        *page.eval_on_selector_all("article .exercise[id]", "(all) => all.map((e) => e.id)")[:2],
        *far_anchors(page, CONTENTS),
    ]
    for anchor in others:
        page.evaluate("scrollTo(0, 0)")
        page.goto(f"{address}#{anchor}")
        assert -5 <= place_on_screen(page, anchor) <= 250, anchor
    page = open_page(f"{address}#{last}", width, 900)  # and when the page is new
    assert -5 <= place_on_screen(page, last) <= 250, last


LIVING = {"22-convolution": ["fig-22-window"], "23-building-a-cnn": ["fig-23-touch"],
          "24-training": ["fig-24-touch", "fig-24-replay"]}  # fmt: skip


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("chapter", LIVING)
def test_an_address_with_a_living_figure_leads_to_it(open_page, chapter, width):
    for figure in LIVING[chapter]:
        page = open_page(f"chapters/{chapter}.html#{figure}", width, 900)
        page.locator(f"#{figure} .living-now").wait_for()
        assert 40 <= place_on_screen(page, figure) <= 100, figure
    page.evaluate("scrollBy(0, 100)")  # and a page that is loaded again stays where it was
    place = place_on_screen(page, figure)
    page.reload()
    page.locator(f"#{figure} .living-now").wait_for()
    assert abs(place_on_screen(page, figure) - place) <= 2


def test_a_link_of_the_contents_leads_to_its_place(open_page):
    page = open_page(LONG_CHAPTER)
    for anchor in far_anchors(page, CONTENTS):
        page.evaluate("scrollTo(0, 0)")
        page.locator(f"#pst-page-toc-nav a[href='#{anchor}']").click()
        assert -5 <= place_on_screen(page, anchor) <= 250, anchor


def test_find_in_page_reaches_the_end(open_page):
    page = open_page(LONG_CHAPTER)
    assert page.evaluate("find('One seed says little')")
    page.evaluate(SETTLED)
    top = page.evaluate("getSelection().getRangeAt(0).getBoundingClientRect().top")
    assert 0 <= top <= 900


def test_menu_opens_and_closes_by_keyboard(open_page):
    page = open_page(CHAPTER)
    sidebar = page.locator("#pst-primary-sidebar")
    tab_to(page, ".primary-toggle")
    assert sidebar.is_visible()
    page.keyboard.press("Enter")
    sidebar.wait_for(state="hidden")


@pytest.mark.parametrize(
    ("button", "dialog"),
    [
        (".primary-toggle", "#pst-primary-sidebar-modal"),
        (".secondary-toggle", "#pst-secondary-sidebar-modal"),
    ],
)
def test_menu_and_contents_on_a_phone(open_page, button, dialog):
    page = open_page(CHAPTER, 320, 640)
    tab_to(page, button)
    page.keyboard.press("Enter")
    page.locator(f"{dialog}[open]").wait_for()
    assert page.locator(f"{dialog} a").first.is_visible()
    page.keyboard.press("Escape")
    page.locator(f"{dialog}:not([open])").wait_for(state="attached")


def test_theme_switch(open_page):
    page = open_page(CHAPTER, color_scheme="light")
    tab_to(page, ".theme-switch-button")
    seen = {page.evaluate("document.documentElement.dataset.theme")}
    for _ in range(2):
        page.locator(".theme-switch-button").focus()
        page.keyboard.press("Enter")
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


def test_icons_are_drawn(open_page):
    page = open_page(CHAPTER)
    shown = page.locator("[class*='fa-']:visible")
    assert shown.count() >= 4
    for icon in shown.all():
        assert "svg" in icon.evaluate("(i) => getComputedStyle(i).maskImage"), icon.inner_html()
        assert icon.bounding_box()["width"] >= 12


@pytest.mark.parametrize("name", PAGES)
def test_no_sign_of_a_font_that_is_not_there(open_page, name):
    """The signs of icon fonts lie in Unicode's private area; without the font they are boxes."""
    page = open_page(name)
    boxes = page.evaluate(
        r"""() => [...document.querySelectorAll("body, body *")].filter((element) =>
          element.getClientRects().length && [null, "::before", "::after"].some((part) =>
            /[\uE000-\uF8FF]/.test(part ? getComputedStyle(element, part).content
              : [...element.childNodes].map((n) => n.nodeType === 3 ? n.data : "").join(""))))
          .map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert boxes == []


def test_folds_open_by_keyboard(open_page):
    page = open_page(CHAPTER)
    fold = page.locator("article details").first
    assert fold.get_attribute("open") is None
    fold.locator("summary").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(f"{ACTIVE}.tagName") == "SUMMARY"
    assert page.evaluate(FOCUS) >= 2
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None


def test_copy_button_copies_the_code(open_page):
    page = open_page(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Show the imports").click()
    page.locator("button.copybtn").first.focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").first.wait_for()
    assert "import" in page.evaluate("navigator.clipboard.readText()")


def test_copied_formula_is_its_source(open_page):
    page = open_page(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    formula = page.locator("article .formula").first
    source = formula.locator("annotation").text_content()
    formula.evaluate("(f) => getSelection().selectAllChildren(f.querySelector('.formula-scroll'))")
    page.keyboard.press("Control+C")
    assert page.evaluate("navigator.clipboard.readText()").strip() == f"$${source}$$"


def test_half_a_formula_is_copied_whole_with_the_look_of_the_text(open_page):
    page = open_page(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    formula = page.locator("article p:has(strong) > span.math").first
    source = formula.locator("annotation").text_content()
    formula.evaluate("""(f) => {  // from the middle of the formula to the end of its paragraph
      const inside = f.querySelectorAll(".katex-html .mord, .katex-html span");
      const end = f.closest("p");
      getSelection().setBaseAndExtent(inside[inside.length - 1], 0, end, end.childNodes.length);
    }""")
    page.keyboard.press("Control+C")
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"${source}$")
    html = page.evaluate("""async () => {
      const [item] = await navigator.clipboard.read();
      return (await item.getType("text/html")).text();
    }""")
    assert f"${source}$" in BeautifulSoup(html, "html.parser").get_text()


def test_a_copied_table_keeps_its_rows(open_page):
    page = open_page("appendix/notation.html", permissions=["clipboard-read", "clipboard-write"])
    row = page.locator("article tbody tr:has(.katex)").first
    cells = row.locator("td").count()
    row.evaluate("(r) => getSelection().selectAllChildren(r.parentElement)")
    page.keyboard.press("Control+C")
    lines = page.evaluate("navigator.clipboard.readText()").strip().splitlines()
    assert len(lines) == page.locator("article tbody").first.locator("tr").count()
    assert lines[0].count("\t") == cells - 1


@pytest.mark.parametrize("fragment", ["50%", "50%E9"])
def test_a_broken_fragment_stops_nothing(open_page, fragment):
    page = open_page(f"{CHAPTER}#{fragment}")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article details:not([open])").count() == 0


def test_a_search_lands_on_what_is_folded_away(open_page):
    page = open_page("search.html?q=dilutes")
    page.locator("#search-results ul.search a[href*='chapters/']").first.click()
    page.wait_for_load_state()
    assert page.evaluate("getSelection().toString().toLowerCase()") == "dilutes"
    place = "getSelection().getRangeAt(0).getBoundingClientRect()"
    assert page.evaluate(f"{place}.height > 0 && {place}.top > 0 && {place}.top < innerHeight")


def test_download_menu_leads_to_the_notebook(open_page, site):
    page = open_page(CHAPTER)
    page.locator(".dropdown-download-buttons > button").focus()
    page.keyboard.press("Enter")
    link = page.locator("a.btn-download-source-button")
    link.wait_for()
    assert link.inner_text().strip() == "Notebook (.ipynb)"
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "23-building-a-cnn.ipynb"
    assert page.url.endswith(CHAPTER)  # the reader stays


def test_search_finds_max_pooling(open_page):
    page = open_page(CHAPTER)
    tab_to(page, ".search-button__button")
    page.keyboard.press("Enter")
    page.keyboard.type("max pooling")
    page.keyboard.press("Enter")
    hit = page.locator("#search-results ul.search a[href*='23-building-a-cnn']").first
    hit.wait_for()
    hit.click()
    page.wait_for_load_state()
    assert "/chapters/23-building-a-cnn.html" in page.url
    assert page.locator(".highlighted").count() == 0  # no letters marked on the way


@pytest.mark.parametrize(
    ("query", "first"),
    [("stride", "appendix/glossary.html#stride"), ("F", "appendix/notation.html")],
)
def test_search_shows_the_explanation_first(open_page, query, first):
    page = open_page(f"search.html?q={query}")
    hit = page.locator("#search-results ul.search li a").first
    hit.wait_for()
    page.wait_for_function("document.querySelectorAll('#search-results ul.search li').length > 5")
    assert hit.get_attribute("href").startswith(first)


@pytest.mark.parametrize("name", ["index.html", CHAPTER, "appendix/notation.html"])
def test_opened_from_a_folder(open_page, site, name):
    trouble = []
    page = open_page("about:blank")
    page.on("console", lambda m: m.type in ("error", "warning") and trouble.append(m.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((site / name).as_uri(), wait_until="load")
    assert trouble == []
    page.evaluate(
        """Promise.all([...document.querySelectorAll("article img")].map((image) => {
          image.loading = "eager";
          return image.decode();
        }))"""
    )
    if name == CHAPTER:
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")
        page.locator("article summary").first.click()
        assert page.locator("article details").first.get_attribute("open") is not None


@pytest.mark.parametrize("width", [1400, 320])
def test_no_line_begins_with_the_comma_after_a_formula(open_page, width):
    page = open_page("chapters/22-convolution.html", width, 800)
    torn = page.evaluate(
        """() => [...document.querySelectorAll("article .keep")].filter((keep) => {
          const after = keep.lastChild;
          if (!keep.checkVisibility() || after.nodeType !== Node.TEXT_NODE) return false;
          const range = document.createRange();
          range.selectNode(after);
          const parts = keep.querySelectorAll(".katex-base");
          const formula = parts[parts.length - 1].getBoundingClientRect();
          return range.getBoundingClientRect().left < formula.right - 3;
        }).map((keep) => keep.parentElement.textContent.slice(0, 80))"""
    )
    assert page.locator("article .keep").count() > 20
    assert torn == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_code_scrolls_sideways_on_a_desk(open_page, name):
    page = open_page(name, 1400)
    wide = page.evaluate(
        """() => {
          document.querySelectorAll("article details").forEach((fold) => (fold.open = true));
          return [...document.querySelectorAll("article pre")]
            .filter((block) => block.scrollWidth > block.clientWidth + 1)
            .map((block) => block.textContent.split("\\n").sort((a, b) => b.length - a.length)[0]);
        }"""
    )
    assert wide == []


def test_what_goes_on_to_the_right_fades_until_its_end_is_seen(open_page):
    page = open_page("chapters/24-training.html", 320)
    cut = """(blocks) => blocks.map((b) =>
      [b.scrollWidth > b.clientWidth + 1, b.classList.contains("goes-on")])"""
    blocks = page.locator("article pre:visible, .formula-scroll:visible")
    page.wait_for_function("document.querySelector('.goes-on') !== null")
    found = blocks.evaluate_all(cut)
    assert [wide for wide, _ in found] == [fades for _, fades in found]
    assert 0 < sum(wide for wide, _ in found) < len(found)
    block = page.locator("article pre.goes-on:visible").first.element_handle()
    assert "gradient" in block.evaluate("(b) => getComputedStyle(b).maskImage")
    block.evaluate("(b) => { b.scrollLeft = b.scrollWidth; }")
    page.wait_for_function("(b) => !b.classList.contains('goes-on')", arg=block)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_arrives(open_page, name):
    page = open_page(name, 320, 640)
    for image in page.locator("article figure img").all():
        assert image.evaluate(
            "(i) => ((i.loading = 'eager'), i.decode().then(() => i.naturalWidth))"
        )


def test_nothing_moves_for_readers_who_ask_for_it(open_page):
    page = open_page(CHAPTER, reduced_motion="reduce")
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter((e) => {
          const style = getComputedStyle(e);
          return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none"
            || style.scrollBehavior === "smooth";
        }).length"""
    )
    assert moving == 0


def test_paper_shows_what_is_folded(open_page):
    page = open_page(CHAPTER)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("article details:not([open])").count() > 0


def test_the_landing_page_answers_what_a_reader_draws(open_page):
    page = open_page("index.html", 360)
    figure = page.locator(".lf-drawing")
    figure.wait_for()
    verdicts = figure.locator(".lf-verdict")
    assert verdicts.all_inner_texts() == [
        "The untrained network says “diagonal”: wrong.",
        "The trained network says “vertical”: right.",
    ]
    best = figure.locator(".lf-answers .lf-best")
    assert best.all_inner_texts() == ["diagonal\n0.59", "vertical\n0.98"]
    assert figure.bounding_box()["height"] < 640  # picture and answers on one screen of a phone
    figure.get_by_role("button", name="horizontal").click()
    assert "The trained network says “horizontal”: right." in verdicts.all_inner_texts()
    figure.get_by_role("button", name="Blank").click()
    cells = figure.locator(".lf-cell")
    start, end = (cells.nth(n).bounding_box() for n in (8 + 3, 6 * 8 + 3))
    page.mouse.move(start["x"] + 9, start["y"] + 9)
    page.mouse.down()
    page.mouse.move(end["x"] + 9, end["y"] + 9, steps=12)
    page.mouse.up()
    said = cells.evaluate_all("(cells) => cells.map((cell) => cell.ariaLabel)")
    drawn = [place for place, label in enumerate(said) if label.endswith("1.0")]
    assert drawn == [8 * row + 3 for row in range(1, 7)]
    assert "The trained network says “vertical”." in verdicts.all_inner_texts()
    cells.nth(6 * 8 + 3).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert cells.nth(6 * 8 + 4).get_attribute("aria-label").endswith("1.0")
    page.keyboard.press("Space")
    assert cells.nth(6 * 8 + 4).get_attribute("aria-label").endswith("0.0")
    page.wait_for_function(
        "document.querySelector('.lf-drawing [role=status]').textContent.includes('trained')"
    )
