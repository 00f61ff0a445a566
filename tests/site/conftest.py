"""What the tests of the built book share: the pages and a server."""

import functools
import http.server
import shutil
import subprocess
import threading
import zipfile
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from built_book import ROOT, SITE, need

FOLDER = "a-cnn-number-by-number"


@pytest.fixture(scope="session")
def site():
    """Return the folder of the built book."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"there is no book in {SITE}: run `make book` first", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def unpacked(site, tmp_path_factory):
    """Pack the built pages with the Makefile's commands and unpack them in another place."""
    need(shutil.which("make"), "make", "apt install make")
    work, target = tmp_path_factory.mktemp("pack"), tmp_path_factory.mktemp("reader's folder")
    (work / "_build").mkdir()
    (work / "_build" / "html").symlink_to(site)
    for name in (".venv", "book"):
        (work / name).symlink_to(ROOT / name)
    command = ["make", "-s", "-f", ROOT / "Makefile", "-o", "book", "zip"]
    subprocess.run(command, cwd=work, check=True, capture_output=True)
    with zipfile.ZipFile(work / "_build" / f"{FOLDER}.zip") as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {FOLDER}
        archive.extractall(target)
    return target / FOLDER


@pytest.fixture(scope="session")
def soup(site):
    """Return a function: page name -> its parsed HTML."""

    @functools.cache
    def parse(name):
        return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")

    return parse


@pytest.fixture(scope="session")
def ids(soup):
    """Return a function: page name -> the ids of its elements."""

    @functools.cache
    def collect(name):
        return {element["id"] for element in soup(name).find_all(id=True)}

    return collect


@pytest.fixture(scope="session")
def address(site, soup):
    """Serve the book on localhost, under the path of its public address if it has one."""
    canonical = soup("index.html").select_one("link[rel=canonical]")
    prefix = urlsplit(canonical["href"]).path.removesuffix("index.html") if canonical else "/"

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            return super().translate_path("/" + path.removeprefix(prefix))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(site))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{prefix}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens a page in a tab of its own; all are closed at the end."""
    contexts = []

    def open_it(name, width=1400, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(name if ":" in name else address + name, wait_until="load")
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(params=("browser", "firefox"))
def open_in(request, address):
    """Return a function that opens a page in Chromium or in Firefox, in a profile of its own."""
    started, contexts = request.getfixturevalue(request.param), []

    def open_it(name, **options):
        # Firefox ESR knows no emulated media.
        media = dict.fromkeys(
            ("color_scheme", "reduced_motion", "forced_colors", "contrast"), "null"
        )
        options = options if request.param == "browser" else {**media, **options}
        contexts.append(started.new_context(**options))
        contexts[-1].add_init_script("window.answerPatience = 15")
        page = contexts[-1].new_page()
        page.set_default_timeout(300_000)
        page.goto(name if ":" in name else address + name, wait_until="load")
        return page

    yield open_it
    for context in contexts:
        context.close()
