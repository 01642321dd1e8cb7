"""Writes what is generated from data into `docs/`: git ignores it, and a file that did not change is left alone."""

import json
import re
import textwrap
from pathlib import Path

import catalogue
import claims
import lessons

DOCS = lessons.DOCS
FOLDERS = ("catalogue", "downloads", "_generated")


def write() -> None:
    """Write every generated file, and remove those that are no longer made."""
    files = {**claim_files(), **catalogue_files(), **download_files()}
    for folder in FOLDERS:
        for path in (DOCS / folder).rglob("*"):
            if path.is_file() and path.relative_to(DOCS).as_posix() not in files:
                path.unlink()
    for name, text in files.items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def lesson_files() -> dict[int, Path]:
    """The lessons that there are, by number."""
    return {int(path.name[:2]): path for path in sorted(lessons.LESSONS.glob("[0-9]*.md"))}


def claim_files() -> dict[str, str]:
    """The claims page and the boxes that the lessons include."""
    known = claims.read()
    boxes = {f"_generated/claims-{number:02}.md": claims.box(known, number) for number in range(12)}
    return {"claims.md": claims.page(known, lesson_files()), **boxes}


def catalogue_files() -> dict[str, str]:
    """Pages, pictures and formulas of all activations."""
    known = catalogue.everything()
    files = {"catalogue/index.md": catalogue.overview(known), "assets/acts.js": catalogue.javascript(known)}
    for each in known:
        files[f"catalogue/{each.name}.md"] = catalogue.page(each)
        if each.formula:
            files[f"catalogue/figures/{each.name}.svg"] = catalogue.picture(each)
    return files


def download_files() -> dict[str, str]:
    """Each lesson as a script and as a notebook."""
    files = {}
    for path in lesson_files().values():
        text = path.read_text("utf-8")
        files[f"downloads/{path.stem}.py"] = script(text)
        files[f"downloads/{path.stem}.ipynb"] = json.dumps(notebook(text), indent=1, ensure_ascii=False) + "\n"
    return files


def script(text: str) -> str:
    """The code of a lesson, with its headings as comments."""
    parts = [f"# {re.search(r'^# (.*)', text)[1]}\n"]
    for mark in re.finditer(rf"^## (.*)$|{lessons.FENCE.pattern}", text, re.M | re.S):
        parts.append(f"# --- {mark[1]} ---\n" if mark[1] else textwrap.dedent(mark[3]))
    return "\n".join(parts)


def notebook(text: str) -> dict:
    """A lesson as a notebook: prose and code cells, without the outputs."""
    cells, at = [], 0
    for block in lessons.FENCE.finditer(text):
        cells += [_prose(text[at : block.start()]), _cell("code", textwrap.dedent(block[2]))]
        at = block.end()
    cells.append(_prose(text[at:]))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": [
            {**cell, "id": f"cell-{number}"}
            for number, cell in enumerate(c for c in cells if "".join(c["source"]).strip())
        ],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _prose(text: str) -> dict:
    text = lessons.OUTPUT.sub("", text)
    text = re.sub(
        r"<!--.*?-->\n?|^\{:.*\}\n|^<div class=\"widget.*</div>$|^--8<--.*\n|!\[.*?\]\(figures/.*?\)",
        "",
        text,
        flags=re.M,
    )
    text = re.sub(r'^(?:!!!|\?\?\?) \w+ "(.*)"$', r"**\1**", text, flags=re.M)
    return _cell("markdown", re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


def _cell(kind: str, source: str) -> dict:
    cell = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
