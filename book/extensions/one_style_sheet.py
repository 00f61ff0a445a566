"""Write the style sheets of a page into one file, without the rules that no page uses.

The theme and its companions send eleven files of 600 kB before a page may show; what the book's
pages use of them is a tenth. A rule stays if each class in one of its selectors is on a page or
in a script.
"""

import base64
import hashlib
import posixpath
import re

RULE = re.compile(r"([^{};]+)\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
IMPORT = re.compile(r"""@import\s+(?:url\()?["']?([^"')]+)["']?\)?\s*;""")
ICON_FONT = re.compile(r"\.fa-|\.fa[bsrldt]\b|svg-inline--fa|@keyframes fa")
# In nearly every formula: inside the style sheet, so that no line moves when they arrive.
INLINE_FONTS = (
    "KaTeX_Main-Regular.woff2",
    "KaTeX_Main-Bold.woff2",
    "KaTeX_Math-Italic.woff2",
    "KaTeX_Size1-Regular.woff2",
    "KaTeX_Size2-Regular.woff2",
)


def words_of(*pieces):
    """Return the classes in pieces of HTML."""
    found = {names for piece in pieces for names in re.findall(r'\bclass="([^"]*)"', piece)}
    return {name for names in found for name in names.split()}


def is_used(selector, words):
    """Tell whether each class of a selector occurs; what stands in parentheses is not asked."""
    if "\\" in selector:
        return True
    while "(" in selector:
        selector, before = re.sub(r"\([^()]*\)", "", selector), selector
        if selector == before:
            return True
    return any(
        words.issuperset(re.findall(r"\.(-?[A-Za-z_][\w-]*)", part)) for part in selector.split(",")
    )


def keep_used(css, words):
    """Return the rules of `css` that a page with these classes can use."""
    kept = []
    for match in RULE.finditer(css):
        head, body = match[1].strip(), match[2]
        if head.startswith(("@media", "@supports", "@container", "@layer")):
            body = keep_used(body, words)
            if body:
                kept.append(f"{head}{{{body}}}")
        elif head.startswith("@font-face"):
            if "Font Awesome" not in body.replace("\\", ""):
                kept.append(f"{head}{{{body}}}")
        elif head.startswith("@") or (is_used(head, words) and not ICON_FONT.search(head)):
            kept.append(f"{head}{{{body.strip()}}}")
    return "\n".join(kept)


class StyleSheets:
    """The style sheets of one built site, and the words that its pages and scripts use."""

    def __init__(self, site, words):
        self.site = site
        self.words = set(words)
        for script in (site / "_static").rglob("*.js"):
            self.words.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
        self.written = {}

    def rebase(self, css, folder):
        """Make the addresses in `css`, written for `folder`, right for `_static`."""

        def change(match):
            link = match[2]
            if link.startswith(("data:", "#", "http:", "https:", "/")):
                return match[0]
            target = posixpath.normpath(posixpath.join(folder, link))
            if posixpath.basename(target) in INLINE_FONTS:
                font = base64.b64encode((self.site / target).read_bytes()).decode()
                return f"url(data:font/woff2;base64,{font})"
            return f"url({match[1]}{posixpath.relpath(target, '_static')}{match[1]})"

        return re.sub(r"url\(\s*(['\"]?)([^'\")]+)\1\s*\)", change, css)

    def read(self, link):
        """Return what is used of the style sheet at `link` and of those that it imports."""
        folder = posixpath.dirname(link)
        css = (self.site / link).read_text(encoding="utf-8")
        css = re.sub(r"/\*.*?\*/|@charset[^;]*;", "", css, flags=re.S)
        parts = [self.read(posixpath.normpath(f"{folder}/{n}")) for n in IMPORT.findall(css)]
        css = IMPORT.sub("", css)
        css = re.sub(r',\s*url\([^)]*\)\s*format\("(?:woff|truetype)"\)', "", css)
        if posixpath.basename(link) not in (
            "icons.css",
            "book.css",
            "answers.css",
        ):  # ours: small, kept whole
            css = keep_used(css, self.words)
        return "\n".join([*parts, self.rebase(css, folder)])

    def bundle(self, links):
        """Write the style sheets at `links` (relative to the site) into one; return its name."""
        if links not in self.written:
            text = "\n".join(self.read(link) for link in links)
            name = f"_static/all.{hashlib.sha256(text.encode()).hexdigest()[:12]}.css"
            (self.site / name).write_text(text, encoding="utf-8")
            self.written[links] = name
        return self.written[links]


def join_styles(soup, page, styles):
    """Replace a page's style sheets by one file."""
    sheets = soup.select("head link[rel=stylesheet]")
    site = styles.site.resolve()
    targets = [(page.parent / s["href"].partition("?")[0]).resolve() for s in sheets]
    # Absolute addresses, as on 404.html, stay as they are.
    if not targets or not all(t.is_file() and t.is_relative_to(site) for t in targets):
        return
    up = soup.html.get("data-content_root", "./")
    sheets[0]["href"] = up + styles.bundle(tuple(t.relative_to(site).as_posix() for t in targets))
    for sheet in sheets[1:]:
        sheet.decompose()
