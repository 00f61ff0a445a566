"""The built HTML itself: valid, complete, numbered, every link leading somewhere."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from urllib.parse import unquote, urlsplit

import pytest
from built_book import CHAPTERS, CONTENT, PAGES, ROOT, need

VNU = "vnu-jar@26.9.27"
VNU_SHA256 = "5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7"
every_page = pytest.mark.parametrize("name", PAGES)
content_page = pytest.mark.parametrize("name", CONTENT)
every_chapter = pytest.mark.parametrize("name", CHAPTERS)


@pytest.fixture(scope="session")
def validator(tmp_path_factory):
    """Return the path of the Nu HTML checker, fetched once and checked against its hash."""
    jar = ROOT / ".venv" / "share" / f"vnu-{VNU_SHA256[:12]}.jar"
    if not jar.exists():
        need(
            shutil.which("npm"), "npm", "apt install npm (Debian): it fetches the HTML checker once"
        )
        folder = tmp_path_factory.mktemp("vnu")
        command = ["npm", "pack", VNU, "--silent", "--pack-destination", folder]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        need(run.returncode == 0, "the HTML checker vnu", f"a network, once ({run.stderr.strip()})")
        packed = next(folder.glob("*.tgz")).read_bytes()
        assert hashlib.sha256(packed).hexdigest() == VNU_SHA256, "vnu: not the archive we know"
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            content = archive.extractfile("package/build/dist/vnu.jar").read()
        jar.parent.mkdir(parents=True, exist_ok=True)
        partial = jar.with_suffix(f".{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(jar)
    return jar


def test_html_is_valid(site, request):
    need(shutil.which("java"), "Java", "apt install default-jre-headless (Debian)")
    jar = request.getfixturevalue("validator")
    command = ["java", "-jar", jar, "--errors-only", "--format", "gnu"]
    run = subprocess.run(
        [*command, *[site / name for name in PAGES]], capture_output=True, text=True, timeout=120
    )
    errors = [line for line in run.stderr.splitlines() if "error" in line]
    assert errors == [], "\n".join(errors[:20])
    assert run.returncode == 0, run.stderr


@every_page
def test_one_title_and_one_description(soup, name):
    page = soup(name)
    titles = page.select(".bd-article h1, .bd-search-container > h1")
    assert len(titles) == 1
    assert page.title.get_text(strip=True)
    if name in CONTENT:
        descriptions = [m["content"] for m in page.select("meta[name=description]")]
        assert len(descriptions) == 1
        assert 50 <= len(descriptions[0]) <= 200


def test_descriptions_differ(soup):
    found = [soup(name).select("meta[name=description]") for name in CONTENT]
    texts = [tag["content"] for tags in found for tag in tags]
    assert [text for text in texts if texts.count(text) > 1] == []


@content_page
def test_images_say_what_they_show(soup, name):
    for image in soup(name).select("article img"):
        alt = image.get("alt", "").strip()
        assert len(alt) >= 15, f"{image['src']}: alt {alt!r} says too little"
        assert not re.search(r"\.(png|svg|jpe?g)$|^(figure|image|plot)\b.{0,10}$", alt, re.I), alt
        assert image.get("width"), f"{image['src']} has no size"
        assert image.get("height"), f"{image['src']} has no size"


@every_chapter
def test_figures_have_caption_and_number(soup, name):
    number = re.search(r"/(\d+)-", name)[1]
    page = soup(name)
    figures = page.select("article figure")
    assert figures, "a chapter without a figure"
    for count, figure in enumerate(figures, start=1):
        assert f"Fig. {number}.{count} " in figure.select_one(".caption-number").get_text()
        assert len(figure.select_one(".caption-text").get_text(strip=True)) > 20
    loose = [i for i in page.select("article img") if not i.find_parent("figure")]
    loose = [i for i in loose if not i.find_parent(class_="living-figure")]
    assert loose == [], "an image without caption and number"


@every_chapter
def test_numbers_come_from_the_chapter(soup, name):
    """Sections, equations, definitions and exercises count from 1 after the chapter's number."""
    number = re.search(r"/(\d+)-", name)[1]
    article = soup(name).select_one("article")
    assert article.h1.get_text().startswith(f"{number} ")
    kinds = {
        "section": [s.get_text() for s in article.select("h2 > .section-number")],
        "equation": [s.get_text() for s in article.select(".eqno")],
        "definition": [
            s.get_text() for s in article.select(".definition > .admonition-title .caption-number")
        ],
        "exercise": [
            s.get_text() for s in article.select(".exercise > .admonition-title .caption-number")
        ],
    }
    for kind, found in kinds.items():
        counted = [re.search(r"(\d+)\.(\d+)", text) for text in found]
        wanted = [(number, str(i)) for i in range(1, len(found) + 1)]
        assert [m and m.groups() for m in counted] == wanted, f"{kind}: {found}"
    if number == "23":
        for kind, found in kinds.items():
            assert found, f"Chapter 23 has no numbered {kind}"
        assert kinds["definition"][0].strip() == "Definition 23.1"
        assert kinds["exercise"][0].strip() == "Exercise 23.1"


# What the library's docstrings call by number.
CHAPTER_23 = {
    ".bd-article h2": {
        "23.2": "ReLU After Convolution",
        "23.3": "Max Pooling",
        "23.4": "Flatten and Dense",
        "23.5": "The TinyCNN Class",
    },
    ".definition > .admonition-title": {
        "Definition 23.1": "Conv2D layer",
        "Definition 23.2": "Max pooling",
    },
}


@pytest.mark.parametrize("selector", CHAPTER_23)
def test_numbers_that_the_library_names_lead_where_it_says(soup, selector):
    titles = [
        e.get_text(" ", strip=True)
        for e in soup("chapters/23-building-a-cnn.html").select(selector)
    ]
    for number, words in CHAPTER_23[selector].items():
        (title,) = [
            t for t in titles if t.startswith(number) and not t[len(number) :][:1].isdigit()
        ]
        assert words in title


@every_page
def test_internal_links_resolve(site, soup, ids, name):
    dead = []
    linked = "a[href], link[href], img[src], script[src], source[src], source[srcset]"
    for link in soup(name).select(linked):
        target = link.get("href") or link.get("src") or link.get("srcset") or ""
        parts = urlsplit(target)
        if (
            parts.scheme
            or parts.netloc
            or not target.strip("#")
            or link.get("rel") == ["canonical"]
        ):
            continue
        path = unquote(parts.path)
        if name == "404.html" and path.startswith("/"):
            continue  # absolute on purpose; the browser asks for them in test_visits
        page = (site / name).parent / path if path else site / name
        if page.is_dir():
            page = page / "index.html"
        anchor = parts.fragment and page.suffix == ".html"
        if not page.exists() or (
            anchor
            and unquote(parts.fragment) not in ids(page.resolve().relative_to(site).as_posix())
        ):
            dead.append(target)
    assert dead == []


@every_chapter
def test_links_to_figures_show_their_number(soup, name):
    """The source says "the figure below"; the page says which."""
    links = soup(name).select("article a[href^='#fig-']:not(.headerlink)")
    assert links
    for link in links:
        assert re.fullmatch(r"Fig\.\s\d\d\.\d+", link.get_text()), link


@every_chapter
def test_the_first_use_of_a_symbol_leads_to_its_row(soup, name):
    rows = {e["id"]: e for e in soup("appendix/notation.html").select("td [id^=symbol-]")}
    links = soup(name).select("article a.symbol")
    assert len(links) > 20
    for link in links:
        row = rows[link["href"].partition("#")[2]]
        assert link.select_one("annotation").text == row.select_one("annotation").text
    addresses = [link["href"] for link in links]
    assert len(addresses) == len(set(addresses))  # the first use alone


@every_chapter
def test_papers_are_cited_by_number(soup, name):
    """The source is a link around author and year; the number behind them leads to the entry."""
    cited = soup(name).select("article .bibtex-citation a")
    assert len(cited) > 5
    for link in cited:
        words = link.find_parent(class_="bibtex-citation").previous_element
        assert re.search(r"\d{4}\)? $", words), link
        assert link["href"].startswith("../appendix/bibliography.html#"), link


@every_page
def test_loads_nothing_from_elsewhere(soup, name):
    """Not even what a browser would ask for only later."""
    loaded = "[src], [srcset], link[rel=stylesheet], link[rel=preload], object[data]"
    addresses = [
        tag.get("src") or tag.get("srcset") or tag.get("href") or tag.get("data") or ""
        for tag in soup(name).select(loaded)
    ]
    assert [a for a in addresses if re.match(r"(https?:)?//", a)] == []


@content_page
def test_no_markup_leaks(soup, name):
    article = soup(name).select_one("article")
    text = " ".join(
        s for s in article.strings if not s.find_parent(["pre", "code", "script", "annotation"])
    )
    leak = re.search(
        r":::|```|\{[a-z:-]+\}`|\$\$|\\(?:frac|mathbf|sum|text)\b|\]\(\S+\)|\[\]", text
    )
    assert not leak, f"...{text[max(0, leak.start() - 60) : leak.end() + 60]}..."


@content_page
def test_formulas_are_set_and_accessible(soup, name):
    page = soup(name)
    assert page.select(".katex-error") == []
    formulas = page.select("article .math")
    assert all(f.select_one("math") and f.select_one(".katex-html") for f in formulas)
    if name in CHAPTERS:
        assert formulas


@content_page
def test_every_fold_has_a_name_of_its_own(soup, name):
    names = [
        " ".join(s.get_text(" ", strip=True).split()) for s in soup(name).select("article summary")
    ]
    assert sorted(n for n in set(names) if names.count(n) > 1) == []
    assert "Toggle hidden content" not in names


@content_page
def test_launch_links_lead_to_notebooks(soup, name):
    """Binder and JupyterHub open a file of this repository; without an address no button shows."""
    links = [a["href"] for a in soup(name).select("a[href*='urlpath=']")]
    for link in links:
        path = unquote(link).partition("lab/tree/")[2]
        assert (ROOT / path).is_file(), link


def test_favicon_and_404(site, soup):
    icon = soup("index.html").select_one("link[rel=icon]")["href"]
    assert (site / icon).read_text(encoding="utf-8").startswith("<svg")
    assert "not found" in soup("404.html").select_one("article").get_text().lower()


def test_public_address_everywhere_or_nowhere(site, soup):
    canonical = [soup(name).select_one("link[rel=canonical]") for name in CONTENT]
    cards = [soup(name).select_one("meta[property='og:image']") for name in CONTENT]
    known = all(canonical)
    assert known or not any(canonical)
    assert all(cards) == known
    assert (site / "sitemap.xml").exists() == known
