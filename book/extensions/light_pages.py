"""Make a built page light: no script that it does not use, few tags, images with a size.

Font Awesome's script (1.5 MB for a dozen icons) is replaced by book/static/icons.css, and the
search index is loaded by the search page alone.
"""

import re
import struct
from html import unescape

from sphinx.errors import ExtensionError

CSS_INCH = 96  # CSS pixels per inch
COLUMNS = 88  # of code in the column of text
# The last one marks what was searched for on the next page, whichever that is: every f, in menus
# and within words, if the search was for F.
SEARCH_ONLY = ("searchindex.js", "searchtools.js", "language_data.js", "sphinx_highlight.js")

THEME_SEARCH = (
    'document.querySelectorAll(["pre",".nboutput > .output_area",".cell_output > .output",'
    '".jp-RenderedHTMLCommon",".pst-scrollable-table-container"].join(", "))'
)
QUIET_SEARCH = "[/* book.js does it */]"

# Ask for the fonts of formulas at once: found late, they would move the lines that use them.
FONT_SCRIPT = """
for (const font of ["1em KaTeX_Main", "italic 1em KaTeX_Math", "bold 1em KaTeX_Main",
  "1em KaTeX_Size1", "1em KaTeX_Size2"]) document.fonts.load(font);
"""


def file_name(link):
    """Return the last part of an address, without its query."""
    return link.partition("?")[0].rpartition("/")[2]


def drop_scripts(soup, is_search):
    """Take out the scripts that this page does not use; run the others after parsing."""
    unused = {"fontawesome.js"}
    if not is_search:
        unused.update(SEARCH_ONLY)
    if not soup.select_one(".sd-tab-set"):
        unused.add("design-tabs.js")
    for link in soup.select("link[rel=preload][as=script]"):
        link.decompose()
    for script in soup.select("script"):
        source = file_name(script.get("src", ""))
        if source in unused:
            script.decompose()
        elif source and not is_search and source != "documentation_options.js":
            script["defer"] = ""


def quiet_theme(static):
    """Take a search for blocks that scroll out of the theme's script; book.js looks for them.

    The theme measures every block of a page as soon as it is loaded, those in closed folds, too,
    which must be laid out for it: two thirds of a second on a phone.
    """
    path = static / "scripts" / "pydata-sphinx-theme.js"
    script = path.read_text(encoding="utf-8")
    if THEME_SEARCH in script:
        path.write_text(script.replace(THEME_SEARCH, QUIET_SEARCH), encoding="utf-8")
    elif QUIET_SEARCH not in script:  # from an earlier build
        raise ExtensionError(f"{path.name} has no {THEME_SEARCH}: how does it look for blocks now?")


def inline_options(soup, static):
    """Write Sphinx's few options into the page: scripts in the page's head wait for them."""
    for script in soup.select("script[src*='documentation_options.js']"):
        script.string = (static / "documentation_options.js").read_text(encoding="utf-8")
        del script["src"]


def start_fonts(soup):
    """Load the fonts of formulas while the page is still being read."""
    script = soup.new_tag("script")
    script.string = FONT_SCRIPT
    soup.select("head link[rel=stylesheet]")[-1].insert_after(script)


def png_size(path):
    """Return the size at which a PNG is meant to be shown, in CSS pixels.

    A figure of 6 inches is shown 6 inches wide, however many dots it holds; a PNG that does not
    tell its dots per inch is shown dot by dot.
    """
    data = path.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    mark = data.find(b"pHYs", 0, 4096)
    scale = 1.0
    if mark > 0:
        dots, _, unit = struct.unpack(">IIB", data[mark + 4 : mark + 13])
        if unit == 1 and dots:  # dots per meter
            scale = CSS_INCH / (dots * 0.0254)
    return round(width * scale), round(height * scale)


def svg_size(path):
    """Return the size in an SVG's viewBox, or None."""
    box = re.search(r'viewBox="([-\d.]+[ ,]+){2}([\d.]+)[ ,]+([\d.]+)"', path.read_text("utf-8"))
    return (round(float(box[2])), round(float(box[3]))) if box else None


def plain_tokens(pygments):
    """Return the classes of code that both color schemes print in the color of plain text."""
    rule = re.compile(r'html\[data-theme="(\w+)"\] \.highlight( \.\w+)? \{([^}]*)\}')
    plain, base = {}, {}
    for scheme, token, style in rule.findall(pygments):
        color = re.search(r"(?<![-\w])color: *(#\w+)", style)
        if not token:
            base[scheme] = color and color[1].lower()
        else:
            same = color and style.strip() == color[0] and color[1].lower() == base.get(scheme)
            plain.setdefault(token.strip(" ."), []).append(bool(same))
    return {token for token, schemes in plain.items() if all(schemes) and len(schemes) == 2}


CODE = re.compile(r'<div class="([^"]*)"><div class="highlight"><pre>(.*?)</pre>', re.S)
BLOCK = '<div class="{}"><div class="highlight"><pre>{}</pre>'
CODE_MARK = "\N{SYMBOL FOR NULL}{}\N{SYMBOL FOR NULL}"


def lift_code(page, plain):
    """Return a page's HTML with a mark in place of each block of code, and the blocks.

    What looks like plain text in both color schemes loses its tags: half of all that a page has. A
    block with a line that the column of text cannot hold gets the class `wide-code`.
    """
    blocks = []

    def lift(found):
        classes, code = found[1], found[2]
        longest = max(map(len, unescape(re.sub("<[^>]*>", "", code)).splitlines()), default=0)
        blocks.append(thin_code(code, plain))
        classes += " wide-code" if longest > COLUMNS else ""
        return BLOCK.format(classes, CODE_MARK.format(len(blocks) - 1))

    return CODE.sub(lift, page), blocks


def thin_code(code, plain):
    """Unwrap the parts of highlighted code that look like plain text, and join those of a string.

    Operators, a third of all parts, are left plain. The `f` and the braces of an f-string are part
    of the string.
    """
    tokens = "|".join(sorted(plain | {"o"}))
    code = re.sub(rf'<span(?: class="(?:{tokens})")?>([^<]*)</span>', r"\1", code)
    code = re.sub('<span class="(?:sa|si)">', '<span class="s2">', code)
    return re.sub(r'(<span class="s2">[^<]*)</span><span class="s2">', r"\1", code)


def put_code(page, blocks):
    """Return a page's HTML with the blocks of code in the places of their marks."""
    return re.sub(CODE_MARK.format(r"(\d+)"), lambda found: blocks[int(found[1])], page)


def size_images(soup, page):
    """Give every image its size, so that nothing moves when it arrives; later ones load late."""
    readers = {".png": png_size, ".svg": svg_size}
    for number, image in enumerate(soup.select("article img[src]")):
        path = page.parent / image["src"].partition("?")[0]
        size = readers[path.suffix](path) if path.suffix in readers and path.exists() else None
        if size and not image.get("width"):
            image["width"], image["height"] = size
        if number > 0:
            image["loading"] = "lazy"


def lighten(soup, page, static):
    """Make one parsed page light, all but its style sheets."""
    drop_scripts(soup, is_search=page.name == "search.html")
    inline_options(soup, static)
    size_images(soup, page)
