"""Repair the built pages where the theme and its companions fall short of WCAG 2.2 or valid HTML.

Each function takes one parsed page and mends one thing that no setting, template or style of ours
reaches. `light_pages` and `one_style_sheet` then make the pages light.
"""

from copy import copy
from pathlib import Path

import light_pages
import mathematics
import one_style_sheet
from bs4 import BeautifulSoup

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


def unlink_images(soup):
    """Let a tap on a figure do nothing: docutils makes it a link to the bare picture."""
    for link in soup.select("a.image-reference"):
        link.unwrap()


def name_downloads(soup):
    """Say what the download menu does; only a chapter has a source that a reader can use."""
    for button in soup.select(".dropdown-download-buttons > button"):
        button["aria-label"] = "Download or print this page"
    for link in soup.select("a.btn-download-source-button"):
        if not link["href"].endswith(".ipynb"):
            link.find_parent("li").decompose()
            continue
        link.select_one(".btn__text-container").string = "Notebook (.ipynb)"
        link["download"] = ""
        del link["target"], link["title"]
    for button in soup.select("button.btn-download-pdf-button"):
        button.select_one(".btn__text-container").string = "Print or save as PDF"
        del button["title"]


def fold_figures(soup):
    """Let a figure that stays folded be seen without its code: a fold of its own for the code."""
    for fold in soup.select("div.tag_hide-cell > details.above-input:has(figcaption)"):
        code = copy(fold)
        code.select_one(".cell_output").decompose()
        fold.select_one(".cell_input").replace_with(code)
        fold["class"] = [c.replace("above", "below") for c in fold["class"]]


def name_folded_code(soup):
    """Say on each folded code cell which figure its code draws, and make the summary valid."""
    for summary in soup.select("details.hide > summary"):
        del summary["aria-label"]
        number = summary.find_parent(class_="cell").select_one("figcaption .caption-number")
        for text in summary.find_all("p"):
            text.name = "strong"  # a summary may not hold a paragraph
            if number and "above-input" in summary.parent["class"]:
                text.string = (
                    f"{text.get_text().split()[0]} the code of {number.get_text().strip()}"
                )


def fold_solutions(soup):
    """Turn a foldable block into a native one, which needs no script and has its own name."""
    for block in soup.select("div.admonition.dropdown"):
        title = block.select_one(".admonition-title")
        for link in title.select("a"):
            link.unwrap()
        if "your-turn" in block["class"]:
            words = soup.new_tag("span")  # one item of the summary's row, which may wrap
            words.extend(["Your turn: ", *title.contents])
            title.append(words)
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


def unwrap_blocks(soup):
    """Take lists out of paragraphs, where Napoleon puts what a function returns."""
    for block in soup.select("p > ul, p > ol"):
        if block.parent.name == "p":
            block.parent.unwrap()


REPAIRS = (
    name_regions,
    name_buttons,
    unlink_images,
    name_downloads,
    fold_figures,
    name_folded_code,
    fold_solutions,
    make_ids_unique,
    drop_wrong_roles,
    choose_scheme_early,
    unwrap_blocks,
)


def repair_pages(app, exception):
    """Repair every page once all of them are written.

    Formulas and code, four fifths of a page's tags, are put in after the repairs.
    """
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    plain = light_pages.plain_tokens((site / "_static" / "pygments.css").read_text("utf-8"))
    light_pages.quiet_theme(site / "_static")
    pages, words = {}, set()
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.parts or "_sources" in path.parts:
            continue
        html, blocks = light_pages.lift_code(path.read_text(encoding="utf-8"), plain)
        soup = BeautifulSoup(html, "html.parser")
        if not soup.html.get("data-repaired"):  # else written by an earlier build
            for repair in REPAIRS:
                repair(soup)
            light_pages.lighten(soup, path, site / "_static")
        pages[path] = soup, blocks
        words |= one_style_sheet.words_of(str(soup), *blocks)
    words |= one_style_sheet.words_of(*mathematics.formulas)
    styles = one_style_sheet.StyleSheets(site, words)
    for path, (soup, blocks) in pages.items():
        if not soup.html.get("data-repaired"):
            if mathematics.MARK[0] in soup.get_text():
                light_pages.start_fonts(soup)
            one_style_sheet.join_styles(soup, path, styles)
            soup.html["data-repaired"] = "yes"
            html = mathematics.put_formulas(light_pages.put_code(str(soup), blocks))
            path.write_text(html, encoding="utf-8")


def setup(app):
    """Run last of all: the theme writes its colors of code when Sphinx is done."""
    app.connect("build-finished", repair_pages, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
