"""The built site in headless Chromium. `python docs/_build browser` builds it and runs these tests."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

SITE = os.environ.get("KERAS_ACTS_SITE")  # where the built site lies
collect_ignore_glob = [] if SITE else ["*"]  # the suite of the package needs no browser


@pytest.fixture(scope="session")
def site():
    return Path(SITE)


@pytest.fixture(scope="session")
def address(site):
    """The site, served to this machine alone."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    system = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tabs(browser):
    """One tab per scheme, opened when first needed: a new one for each page would cost most of the time."""
    opened = {}

    def tab(scheme):
        if scheme not in opened:
            context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
            opened[scheme] = context.new_page()
            opened[scheme].set_default_timeout(60_000)  # the machine may be busy
        return opened[scheme]

    return tab


@pytest.fixture
def visit(tabs, address):
    """Opens pages and, at the end, finds no error in the console and no request to another host."""
    complaints, listening = [], []

    def listen(tab):
        for event, complaint in (
            ("console", lambda message: message.type == "error" and f"{tab.url}: {message.text}"),
            ("pageerror", lambda error: f"{tab.url}: {error}"),
            ("request", lambda r: r.url.startswith(("http", "ws")) and not r.url.startswith(address)
             and f"{tab.url} asks for {r.url}"),
            ("response", lambda r: r.status >= 400 and f"{r.url}: {r.status}"),
        ):  # fmt: skip
            note = functools.partial(lambda complaint, what: complaints.append(complaint(what) or None), complaint)
            tab.on(event, note)
            listening.append((tab, event, note))

    def visit(path, scheme="light", width=1400, wait_until="load"):
        tab = tabs(scheme)
        if not any(tab is known for known, *_ in listening):
            listen(tab)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(path if path.startswith("file:") else address + path, wait_until=wait_until)
        return tab

    yield visit
    for tab, event, note in listening:
        tab.remove_listener(event, note)
    found = [complaint for complaint in complaints if complaint]
    assert not found, "\n".join(found)
