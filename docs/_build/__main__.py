"""`python docs/_build lessons [NUMBER ...]` runs lessons; `pages` writes generated pages; `browser` tests the site."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lessons

ROOT = Path(__file__).parents[2]


def browser(arguments: list[str]) -> int:
    """Build the site and run the browser tests on it."""
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
        subprocess.run(build, cwd=ROOT, check=True)
        environment = {**os.environ, "KERAS_ACTS_SITE": folder, "PYTHONPATH": str(ROOT)}
        environment.setdefault("KERAS_BACKEND", "jax")
        tests = [sys.executable, "-m", "pytest", "tests/browser", *arguments]
        return subprocess.run(tests, cwd=ROOT, env=environment).returncode


parser = argparse.ArgumentParser(prog="python docs/_build", description=__doc__)
commands = parser.add_subparsers(required=True, dest="command", metavar="command")
one = commands.add_parser("lessons", help="run the lessons whose code, backends, versions or package source changed")
one.add_argument("numbers", nargs="*", help="only these, such as 02")
one.add_argument("--force", action="store_true", help="also those that are up to date")
commands.add_parser("pages", help="write the pages that are generated from data")
commands.add_parser("browser", help="build the site and test it in headless Chromium; further arguments go to pytest")
options, more = parser.parse_known_args()
if options.command == "lessons":
    sys.exit(lessons.run(options.numbers, options.force))
if options.command == "browser":
    sys.exit(browser(more))
import pages  # noqa: E402  only now, because it imports Keras

pages.write()
