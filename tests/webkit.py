"""Open the built book in WebKit, the engine of Safari, and try what a reader does there.

    make book && xvfb-run -a .venv/bin/python tests/webkit.py

On demand, for it needs Debian's webkit2gtk-driver and xvfb, and `make test` does not. It prints a
line for each page and each thing tried, and ends with 1 if one failed. The driver speaks WebDriver
(https://www.w3.org/TR/webdriver2/).
"""

import functools
import glob
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
DRIVER, PORT = "WebKitWebDriver", 4447
BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.glob("[a-z]*/*.html"))
SIZES = {"desk": (1440, 900), "phone": (390, 844)}

OVERFLOW = "return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
# Each figure is scrolled to, for it comes alive only near the screen.
ALIVE = """
const [index] = arguments, figure = document.querySelectorAll(".living-figure")[index];
figure.closest("details")?.setAttribute("open", "");
figure.scrollIntoView();
return figure.classList.contains("living-now");"""
VERDICTS = "return document.querySelector('.lf-answers').textContent"
PRESS = """
const buttons = [...document.querySelectorAll(".lf-drawing button")];
buttons.find((button) => button.textContent === arguments[0]).click();"""
ANSWER = """
const box = document.querySelector("article .answer");
for (let fold = box.closest("details"); fold; fold = fold.parentElement.closest("details"))
  fold.open = true;
box.querySelector(".answer-check").click();"""
ANSWERED = """
const { kind } = document.querySelector("article .answer-verdict").dataset;
return kind === "wait" ? "" : kind;"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves the book, silently."""

    def log_message(self, *_):
        """Say nothing."""


class Browser:
    """One window of MiniBrowser, driven by WebKitWebDriver."""

    def __init__(self, program):
        options = {"webkitgtk:browserOptions": {"binary": program, "args": ["--automation"]}}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.session = f"/session/{made['sessionId']}"

    @staticmethod
    def ask(method, path, body=None):
        """Send one command and return the value of the reply."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply)["value"]

    def resize(self, width, height):
        """Give the window a size."""
        size = {"width": width, "height": height}
        self.ask("POST", f"{self.session}/window/rect", size)

    def open(self, address):
        """Go to a page."""
        self.ask("POST", f"{self.session}/url", {"url": address})

    def run(self, script, *arguments):
        """Run a script in the page and return what it returns."""
        body = {"script": script, "args": list(arguments)}
        return self.ask("POST", f"{self.session}/execute/sync", body)

    def wait(self, script, *arguments, seconds=60):
        """Run a script until what it returns is true; return the last value."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)) and time.monotonic() < end:
            time.sleep(0.25)
        return value


def trials(browser, root):
    """Yield what was tried, and whether it went as it should."""
    for name, size in SIZES.items():
        browser.resize(*size)
        for page in ["index.html", *PAGES]:
            browser.open(f"{root}/{page}")
            yield f"{name} {page}: nothing wider than the window", not browser.run(OVERFLOW)
            count = browser.run("return document.querySelectorAll('.living-figure').length")
            for index in range(count):
                yield f"{name} {page}: figure {index} comes alive", browser.wait(ALIVE, index)
    browser.open(f"{root}/index.html")
    browser.wait(ALIVE, 0)
    yield "the untrained network is wrong", "“diagonal”: wrong" in browser.run(VERDICTS)
    browser.run(PRESS, "horizontal")
    yield "the trained network knows a new line", "“horizontal”: right" in browser.run(VERDICTS)
    browser.open(f"{root}/chapters/22-convolution.html#ex-22-slide")
    yield (
        "the exercise has an editor",
        browser.wait("return document.querySelector('article .answer-check') !== null"),
    )
    browser.run(ANSWER)
    # The skeleton, unchanged: a friendly word from Python in the page.
    said = browser.wait(ANSWERED, seconds=180)
    yield f"Python answers in the page: {said!r}", said == "wrong"


def main():
    """Run all trials; return how many failed."""
    programs = glob.glob(BROWSERS)
    if not shutil.which(DRIVER) or not programs:
        sys.exit("Install WebKit and its driver: sudo apt install webkit2gtk-driver xvfb")
    if not SITE.exists():
        sys.exit(f"there is no book in {SITE}: run `make book` first")
    handler = functools.partial(QuietHandler, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    driver = subprocess.Popen([DRIVER, f"--port={PORT}"])
    try:
        time.sleep(2)
        browser, failed = Browser(sorted(programs)[-1]), 0
        for what, right in trials(browser, f"http://127.0.0.1:{server.server_port}"):
            failed += not right
            print("as it should be" if right else "NOT SO        ", what, flush=True)
        return failed
    finally:
        driver.kill()


if __name__ == "__main__":
    sys.exit(min(main(), 1))
