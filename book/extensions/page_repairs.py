"""Repair the built pages where the theme and its companions fall short of WCAG 2.2 or valid HTML.

Each function takes one parsed page and mends one thing. `light_pages` and `one_style_sheet` then
make the pages light.
"""

import re
from pathlib import Path

import light_pages
import one_style_sheet
from bs4 import BeautifulSoup, NavigableString

SCHEME_SCRIPT = """
(() => {
  const mode = localStorage.getItem("mode") || "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.mode = mode;
  document.documentElement.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
})();
"""


def name_regions(soup):
    """Put the sidebar (title, search, contents) into a landmark with a name."""
    if sidebar := soup.select_one("#pst-primary-sidebar"):
        sidebar["role"] = "complementary"
        sidebar["aria-label"] = "Book"
    for empty in soup.select("#ethical-ad-placement"):
        empty.find_parent(class_="sidebar-primary__section").decompose()


def name_buttons(soup):
    """Let a button's name contain the words that it shows (WCAG 2.5.3)."""
    for button in soup.select("button.search-button-field[aria-label]"):
        del button["aria-label"]
    for icon in soup.select("i[class*='fa-'], span[class*='fa-']"):
        icon["aria-hidden"] = "true"
        del icon["title"]


def name_folded_code(soup):
    """Say on each folded code cell which figure its code draws, and make the summary valid."""
    for summary in soup.select("details.hide > summary"):
        del summary["aria-label"]
        number = summary.find_parent(class_="cell").select_one("figcaption .caption-number")
        for text in summary.find_all("p"):
            text.name = "strong"  # a summary may not hold a paragraph
            if number:
                text.string = (
                    f"{text.get_text().split()[0]} the code of {number.get_text().strip()}"
                )


def fold_solutions(soup):
    """Turn a foldable block into a native one, which needs no script and has its own name."""
    for block in soup.select("div.admonition.dropdown"):
        title = block.select_one(".admonition-title")
        for link in title.select("a"):
            link.unwrap()
        title.name = "summary"
        block.name = "details"
        block["class"] = [c for c in block["class"] if c != "dropdown"] + ["fold"]


def make_ids_unique(soup):
    """Drop the one id that sphinx-proof and sphinx-exercise give to all their blocks."""
    for block in soup.select("#proof-content, #exercise-content, #solution-content"):
        del block["id"]
        block.name = "div"  # a section would need a heading


def drop_wrong_roles(soup):
    """Take out roles and attributes that ARIA does not allow where they stand."""
    for entry in soup.select('[role="doc-biblioentry"], .citation-list[role="list"]'):
        del entry["role"]
    for label in soup.select("label[aria-controls]"):
        del label["aria-controls"]
    for viewport in soup.select("meta[name=viewport]")[1:]:
        viewport.decompose()
    for empty in soup.select("meta[content='']"):
        empty.decompose()


def choose_scheme_early(soup):
    """Know the color scheme before the first paint; the theme's script would set it after."""
    for script in soup.select("head script"):
        if 'localStorage.getItem("mode")' in script.get_text():
            script.string = SCHEME_SCRIPT


def title_chapters(soup):
    """Write "Chapter 23" over a chapter's title rather than "23" into it."""
    for number in soup.select("h1 > .section-number"):
        number.string = f"Chapter {number.get_text().strip().rstrip('.')} "


def unwrap_blocks(soup):
    """Take lists out of paragraphs, where Napoleon puts them."""
    for block in soup.select("p > ul, p > ol"):
        if block.parent.name == "p":
            block.parent.unwrap()


def break_names(soup):
    """Let a name in a heading break behind an underscore, where a phone has no room for it."""
    for text in soup.select("article :is(h2, h3, h4)"):
        for part in text.find_all(string=lambda s: "_" in s):
            first, *others = part.split("_")
            pieces = [piece for other in others for piece in ("_", soup.new_tag("wbr"), other)]
            part.replace_with(first, *pieces)


def keep_punctuation(soup):
    """Let no line begin with the comma behind a formula, nor end with the parenthesis before it.

    A browser may break a line on either side of a formula, whatever stands there.
    """
    for formula in soup.select("article span.math:not(.formula)"):
        before, behind = formula.previous_sibling, formula.next_sibling
        opening = isinstance(before, NavigableString) and re.search(r"[(\[“]+$", before)
        closing = isinstance(behind, NavigableString) and re.match(r"[^\s\w(\[“]+", behind)
        if not (opening or closing):
            continue
        formula.wrap(soup.new_tag("span", attrs={"class": "keep"}))
        parts = formula.select(".katex-html > .katex-base")  # between these a formula may break
        for part in {id(part): part for part in parts[:1] + parts[-1:]}.values():
            part.wrap(soup.new_tag("span", attrs={"class": "end"}))
        if opening:
            before.replace_with(before[: opening.start()])
            formula.insert_before(opening[0])
        if closing:
            behind.replace_with(behind[closing.end() :])
            formula.insert_after(closing[0])


def keep_numbers(soup):
    """Let no line break between a number and its percent sign, nor in a link like "Fig. 23.1"."""
    for text in soup.select_one("body").find_all(string=re.compile(r"\d %")):
        if not text.find_parent(["pre", "code", "script", "style", "annotation"]):
            text.replace_with(re.sub(r"(\d) %", "\\1\N{NO-BREAK SPACE}%", text))
    for link in soup.select("article a.reference span"):
        text = link.string or ""
        if re.fullmatch(r"(Fig\.|[A-Z][a-z]+) \d+(\.\d+)?", text):
            link.string = text.replace(" ", "\N{NO-BREAK SPACE}")


REPAIRS = (
    name_regions,
    name_buttons,
    name_folded_code,
    fold_solutions,
    make_ids_unique,
    drop_wrong_roles,
    choose_scheme_early,
    title_chapters,
    unwrap_blocks,
    break_names,
    keep_punctuation,
    keep_numbers,
)


def repair_pages(app, exception):
    """Repair every page once all of them are written."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    pages = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.parts or "_sources" in path.parts:
            continue
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        if not soup.html.get("data-repaired"):  # else written by an earlier build
            for repair in REPAIRS:
                repair(soup)
            light_pages.lighten(soup, path, site / "_static")
        pages[path] = soup
    words = set().union(*(one_style_sheet.words_of(soup) for soup in pages.values()))
    styles = one_style_sheet.StyleSheets(site, words)
    for path, soup in pages.items():
        if not soup.html.get("data-repaired"):
            one_style_sheet.join_styles(soup, path, styles)
            soup.html["data-repaired"] = "yes"
            path.write_text(str(soup), encoding="utf-8")


def setup(app):
    """Run last of all: the theme writes its colors of code when Sphinx is done."""
    app.connect("build-finished", repair_pages, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
