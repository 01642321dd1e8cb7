"""The lessons and what is made from them: outputs belong to the code, checks are kept, no claim is left over."""

import dataclasses
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import keras
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_build"))

import child  # noqa: E402
import claims  # noqa: E402
import lessons  # noqa: E402

BACKEND = keras.backend.backend()
FILES = sorted(lessons.LESSONS.glob("[0-9]*.md"))
NAMES = [path.name for path in FILES]
RECORD = json.loads((lessons.LESSONS / "executed.json").read_text("utf-8"))
LESSON = """# A lesson

```python
number = 4
print(number)
```

<!-- output -->
old
<!-- /output -->

<!-- check: 3 < number < 5 -->

```python
import os
print(os.environ["KERAS_BACKEND"])
```

<!-- output -->
<!-- /output -->
"""


@pytest.fixture
def lesson(tmp_path):
    """Writes a lesson with one thing changed."""

    def write(old="", new=""):
        assert old in LESSON
        path = tmp_path / "lesson.md"
        path.write_text(LESSON.replace(old, new) if old else LESSON, "utf-8")
        return path

    return write


def test_everything_that_runs_is_in_the_record():
    assert lessons.files()[: len(FILES)] == FILES
    assert sorted(RECORD) == sorted(path.name for path in lessons.files())


@pytest.mark.parametrize("path", lessons.files(), ids=lambda path: path.name)
def test_outputs_belong_to_the_code_above_them(path):
    """Run `python docs/_build lessons` when this fails."""
    known = RECORD[path.name]
    assert known["code"] == lessons.key(path.read_text("utf-8"))
    assert known["written"] == lessons.written(path)
    assert set(known["environments"]) == set(lessons.BACKENDS)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_lesson_has_all_its_parts(path):
    text = path.read_text("utf-8")
    number = int(path.name[:2])
    assert text.startswith(f"# {number}. ")
    parts = ["After this lesson you can", "Predict first", "<!-- check: ", "![", "## Exercise", "## Quiz"]
    parts += ['??? tip "Hint"', '??? success "Solution"', "minutes · "]
    parts.append(f'"claims-{number:02}.md"' if number < 12 else "claims.md#claim-")  # the last one settles none anew
    include = '--8<-- "keras_acts/course/{}/lesson_{:02}.py"'  # a formatter that takes it for Python breaks it
    parts += [include.format("starters", number), include.format("solutions", number), f"course check {number}"]
    assert [part for part in parts if part not in text] == []
    quiz = text.split("## Quiz")[1].split("## What the articles say")[0]
    questions = re.split(r"^\*\*\d\. ", quiz, flags=re.M)[1:]
    assert len(questions) >= 3
    for question in questions:
        answers = re.findall(r'^\?\?\? (yes|no) ".+"\n\n    \S', question, re.M)
        assert answers.count("yes") == 1, question
        assert answers.count("no") >= 1, question


def test_running_a_lesson_writes_its_outputs_and_tabs_where_backends_differ(lesson):
    path = lesson()
    here = lessons.execute(path, BACKEND)["outputs"]
    outputs = {backend: [text.replace(BACKEND, backend) for text in here] for backend in lessons.BACKENDS}
    text = lessons.render(LESSON, outputs)
    assert "```text\n4\n```" in text
    assert "old" not in text
    for backend, title in lessons.BACKENDS.items():
        assert f'=== "{title}"\n\n    ```text\n    {backend}\n    ```' in text
    assert lessons.render(text, outputs) == text
    assert lessons.key(text) == lessons.key(LESSON)  # outputs are no code


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("number = 4", "number = 6", r"lesson.md:12: the check '3 < number < 5' is false, with number = 6"),
        ("print(number)", "print(1 / 0)", r"lesson.md:5: ZeroDivisionError"),
        ("print(number)", "print(", r"lesson.md:5: "),
        ("3 < number", "3 < unknown", r"lesson.md:12: the check .* raised NameError"),
        ("old\n<!-- /output -->", "<!-- /output -->\n![A picture of nothing, described at length](figures/a.svg)",
         r"lesson.md:10: no block before this picture made a `figure`"),
    ],
)  # fmt: skip
def test_a_fault_stops_the_run_with_its_line(lesson, old, new, message):
    path = lesson(old, new)
    job = path.with_suffix(".json")
    steps = [dataclasses.asdict(step) for step in lessons.steps(path.read_text("utf-8"))]
    job.write_text(json.dumps({"path": str(path), "steps": steps}), "utf-8")
    with pytest.raises(SystemExit, match=message):
        child.main(job)


def test_what_stopped_the_run_comes_back_from_its_process(lesson):
    with pytest.raises(lessons.LessonError, match=rf"lesson.md:5: ZeroDivisionError: .* \(on {BACKEND}\)"):
        lessons.execute(lesson("print(number)", "print(1 / 0)"), BACKEND)


def test_a_picture_needs_a_text():
    with pytest.raises(lessons.LessonError, match="alternative text"):
        lessons.steps("![short](figures/a.svg)")


def test_a_lesson_is_stale_when_code_version_or_source_change(lesson):
    path = lesson()
    now = {backend: {"keras": "1", "source": "a"} for backend in lessons.BACKENDS}
    record = {path.name: {"code": lessons.key(LESSON), "environments": now}}
    assert not lessons.stale(path, record, now)
    assert lessons.stale(path, record, {**now, "jax": {"keras": "2", "source": "a"}})
    assert lessons.stale(path, record, {**now, "jax": {"keras": "1", "source": "b"}})
    assert lessons.stale(lesson("number = 4", "number = 4.0"), record, now)
    assert not lessons.stale(lesson("# A lesson", "# The lesson"), record, now)
    assert lessons.stale(path, {}, now)


def test_no_claim_is_left_over():
    known = claims.read()
    assert [claim.number for claim in known] == list(range(1, 121))
    counts = {verdict: sum(claim.verdict == verdict for claim in known) for verdict in claims.VERDICTS}
    assert counts == {"T": 27, "T*": 41, "M": 29, "F": 15, "O": 8}
    assert {claim.lesson for claim in known} <= set(range(13))
    for claim in known:
        assert claim.text.endswith("."), claim
        assert claim.reason.endswith((".", "?")), claim
        assert all(re.fullmatch(r"[ABCD]\d+(-\d+)?", place) for place in claim.places), claim
        assert all(len(quote.split()) <= 10 for quote in re.findall(r'"(.*?)"', claim.text)), claim


def test_every_claim_is_on_the_page_and_in_the_box_of_its_lesson():
    known = claims.read()
    page = claims.page(known, {})
    assert [int(n) for n in re.findall(r'id="claim-(\d+)"', page)] == list(range(1, 121))
    boxes = [re.findall(r"#claim-(\d+)", claims.box(known, lesson)) for lesson in range(13)]
    assert sorted(int(n) for box in boxes for n in box) == list(range(1, 121))


@pytest.mark.parametrize(
    ("line", "complaint"), [("1 | A1 | X | 2 | Text. | Why.", "verdict"), ("1 | A1 | T | 2 | Text.", "six")]
)
def test_a_line_of_claims_that_is_not_one_is_refused(tmp_path, line, complaint):
    file = tmp_path / "claims.txt"
    file.write_text(line, "utf-8")
    with pytest.raises(ValueError, match=complaint):
        claims.read(file)


def test_the_cheat_sheet_says_what_the_package_computes():
    import keras_acts

    rows = re.findall(
        r"^\| (\w+) \| (.+?) \| ([\d.]+) \| ([\d.]+) \|", (ROOT / "docs/cheatsheet.md").read_text("utf-8"), re.M
    )
    assert len(rows) == 9
    for name, span, steepest, mean in rows:
        known = keras_acts.facts(name)
        low, high = (float(end.replace("∞", "inf")) for end in ("-∞ to ∞" if span == "all" else span).split(" to "))
        assert known.output_range == pytest.approx((low, high), abs=5e-4), name
        assert (known.lipschitz, known.mean) == pytest.approx((float(steepest), float(mean)), abs=5e-4), name


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_downloads_hold_the_code_of_the_lesson_and_nothing_of_the_page(path):
    import pages

    text = path.read_text("utf-8")
    blocks = [step.text for step in lessons.steps(text) if step.kind == "code"]
    cells = pages.notebook(text)["cells"]
    assert ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"] == blocks
    prose = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert not re.search(r"--8<--|<!--|^!!! |^\?\?\? |<div|\]\(figures/", prose, re.M)
    compile(pages.script(text), path.name, "exec")
    assert all(line in pages.script(text) for line in "".join(blocks).splitlines())


def test_every_formula_is_drawn():
    from mathml import mathml

    from keras_acts._core import CATALOGUE

    def drawn(formula):
        return ElementTree.fromstring(mathml(formula))  # noqa: S314  our own text

    for facts in CATALOGUE.values():
        if facts.formula:
            cells = len(list(drawn(facts.formula).iter("mtd")))
            assert 2 * facts.formula.count("where(") <= cells <= 4 * facts.formula.count("where("), facts.name
    assert "".join(drawn("-x**2 / (1 + beta)").itertext()) == "−x21+β"
    assert "".join(drawn("(x - a1) * 2").itertext()) == "(x−a1)·2"
    with pytest.raises(ValueError, match="No MathML"):
        mathml("[x]")


def test_every_family_has_a_page_in_the_reference():
    import pages

    files = pages.reference_files()
    assert {f"reference/{family}.md" for family in ("rectifiers", "smooth", "surrogate")} <= set(files)
    assert len(files) == 1 + len(list((ROOT / "keras_acts" / "activations").glob("[!_]*.py")))
    for name, text in files.items():
        assert name == "reference/index.md" or f"\n::: keras_acts.activations.{Path(name).stem}\n" in text
        assert name == "reference/index.md" or f"({Path(name).name})" in files["reference/index.md"]
