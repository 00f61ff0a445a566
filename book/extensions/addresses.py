"""Where the book lives: its repository and its public address, found when it is built.

Nobody types these addresses into a file, so a fork's buttons lead to the fork. What is not known
is left out: without a repository there is no launch, repository or edit button, and without a
public address no sitemap, no social card and no canonical link.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

FORGES = ("github.com", "gitlab.com", "bitbucket.org")
ENGLISH = {"LC_ALL": "C"}  # what git says is read
REMOTE = re.compile(
    r"(?:https://|ssh://)?(?:[^@/\s]+@)?(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>[\w.-]+(?:/[\w.-]+)+)/?"
)


def repository_of_remote(remote):
    """Return https://host/owner/name for a remote on a public forge, or None.

    Names and passwords in the remote's address are dropped.
    """
    match = REMOTE.fullmatch(remote.strip())
    if not match or match["host"].lower() not in FORGES:
        return None
    return f"https://{match['host'].lower()}/{match['path'].removesuffix('.git')}"


def ask_git(folder, *question):
    """Return git's answer about a folder, or None; an owner whom git does not trust is named."""
    command = ["git", "-C", str(folder), *question]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ENGLISH)
    except OSError:
        return None
    if "dubious ownership" in done.stderr:
        print(
            f"{folder} belongs to another user, so git does not read it and the pages get no "
            f"buttons. If you trust it: git config --global --add safe.directory {folder}",
            file=sys.stderr,
        )
    return done.stdout.strip() if done.returncode == 0 else None


def find_repository(environment, folder):
    """Return the repository's address: what the CI says, else the git remote, else None.

    A book inside somebody's larger repository has none: its paths would lead nowhere there.
    """
    top = ask_git(folder, "rev-parse", "--show-toplevel")
    if top and not Path(top).samefile(folder):
        print(
            f"The book lies in a folder of the repository {top}, so its pages get no buttons: "
            "give the book a repository of its own (git init, git remote add origin ADDRESS).",
            file=sys.stderr,
        )
        return None
    if environment.get("GITHUB_REPOSITORY"):
        server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
        return f"{server.rstrip('/')}/{environment['GITHUB_REPOSITORY']}"
    remote = top and ask_git(folder, "remote", "get-url", "origin")
    return repository_of_remote(remote or "")


def find_public_address(environment):
    """Return the address at which the built book will stand, with a slash at its end, or ''."""
    if environment.get("BOOK_URL"):
        return environment["BOOK_URL"].rstrip("/") + "/"
    owner, _, name = environment.get("GITHUB_REPOSITORY", "").partition("/")
    server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
    if not name or urlsplit(server).hostname != "github.com":
        return ""
    pages = f"{owner.lower()}.github.io"
    return f"https://{pages}/" if name.lower() == pages else f"https://{pages}/{name}/"


def fill_in(app, config):
    """Write the addresses into the configuration, or take out what needs one."""
    repository = find_repository(os.environ, app.srcdir)
    options = config.html_theme_options
    options["repository_url"] = repository or ""
    options["use_repository_button"] = bool(repository)
    options["use_edit_page_button"] = bool(repository)
    options["use_issues_button"] = bool(repository)
    if repository:
        options["extra_footer"] += (
            f' <a href="{repository}/issues/new">Report a mistake</a>.'
            f' <a href="{repository}/blob/main/CITATION.cff">Cite this book</a>.'
        )
    if not repository or urlsplit(repository).hostname not in FORGES:
        options["launch_buttons"] = {}
    else:
        if urlsplit(repository).hostname == "github.com":  # Colab opens no other
            options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
        if os.environ.get("JUPYTERHUB_URL"):  # a lecturer's hub that has nbgitpuller
            options["launch_buttons"]["jupyterhub_url"] = os.environ["JUPYTERHUB_URL"]
    address = find_public_address(os.environ)
    config.html_baseurl = config.ogp_site_url = address
    config.ogp_site_name = config.html_title
    config.ogp_enable_meta_description = False  # descriptions.py writes it
    config.ogp_social_cards = {"line_color": "#1f5fa8"}
    config.notfound_urls_prefix = top = urlsplit(address).path or "/"
    config.notfound_context = {
        "title": "Page not found",
        "body": "<h1>Page not found</h1><p>There is no page at this address. It may have moved: "
        f'<a href="{top}index.html">start from the first page</a>, or '
        f'<a href="{top}search.html">search the book</a>.</p>',
    }
    config.sitemap_url_scheme = "{link}"


def setup(app):
    """Fill in the addresses as soon as the configuration is read."""
    if find_public_address(os.environ):
        app.setup_extension("sphinx_sitemap")
        app.setup_extension("sphinxext.opengraph")
    app.connect("config-inited", fill_in, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
