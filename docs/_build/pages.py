"""Writes what is generated from data into `docs/`: git ignores it, and a file that did not change is left alone."""

import json
import re
import textwrap
from pathlib import Path

import catalogue
import claims
import lessons

DOCS = lessons.DOCS
FOLDERS = ("catalogue", "downloads", "reference", "_generated")
FAMILIES = sorted(path.stem for path in (DOCS.parent / "keras_acts" / "activations").glob("[!_]*.py"))


def write() -> None:
    """Write every generated file, and remove those that are no longer made."""
    files = {**claim_files(), **catalogue_files(), **reference_files(), **download_files()}
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


# Every page loads the search index whole, and each activation is found by its page in the catalogue.
UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"


def reference_files() -> dict[str, str]:
    """What mkdocstrings fills: the package's own names, and a page per family, as one for all would be too long."""
    options = "    options:\n      show_root_heading: false\n      show_root_toc_entry: false\n"
    titles = {family: family.replace("_", " ").capitalize() for family in FAMILIES}
    links = "\n".join(f"- [{title}]({family}.md)" for family, title in titles.items())
    index = (
        f"# Reference\n\nThe package's own names are here, the activations by family:\n\n{links}\n\n::: keras_acts\n"
    )
    pages = {
        f"reference/{family}.md": f"{UNSEARCHED}# {title}\n\n::: keras_acts.activations.{family}\n{options}"
        for family, title in titles.items()
    }
    return {"reference/index.md": index + options, **pages}


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
    parts = [(mark.start(), f"# --- {mark[1]} ---\n") for mark in re.finditer(r"^## (.*)$", text, re.M)]
    parts += [(mark.start(), textwrap.dedent(mark[2])) for mark in lessons.FENCE.finditer(text)]
    title = f"# {re.search(r'^# (.*)', text)[1]}\n"
    return "\n".join([title, *(part for _, part in sorted(parts))])


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


_INCLUDE = re.compile(r'^( *)--8<-- "(.*)"\n', re.M)
_BOX = re.compile(r'^(!!!|\?\?\?) (\w+) "(.*)"\n((?:(?:    .*)?\n)*)', re.M)


def _prose(text: str) -> dict:
    text = re.sub(r"^## What the articles say\n.*", "", text, flags=re.M | re.S)  # its links belong to the site
    text = lessons.OUTPUT.sub("", text)
    text = _INCLUDE.sub(lambda mark: textwrap.indent((DOCS.parent / mark[2]).read_text("utf-8"), mark[1]), text)
    unwanted = r"<!--.*?-->\n?|^\{:.*\}\n|^<div class=\"widget.*</div>$|!\[.*?\]\(figures/.*?\)"
    text = _boxes(re.sub(unwanted, "", text, flags=re.M).strip() + "\n")
    return _cell("markdown", re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


def _boxes(text: str) -> str:
    """Admonitions as a notebook knows them; one whose code has become a cell is empty and left out."""

    def box(mark: re.Match) -> str:
        content = _boxes(textwrap.dedent(mark[4]).strip() + "\n").strip()
        if not content:
            return ""
        if mark[1] == "!!!":
            return f"**{mark[3]}**\n\n{content}\n\n"
        verdict = {"yes": "**Right.** ", "no": "**No.** "}.get(mark[2], "")
        return f"<details><summary>{mark[3]}</summary>\n\n{verdict}{content}\n\n</details>\n\n"

    return _BOX.sub(box, text)


def _cell(kind: str, source: str) -> dict:
    cell = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
