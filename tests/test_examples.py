"""The examples, run as a reader runs them but with few epochs: each in a folder of its own, and as the main program.

The second one, which is interrupted here, has a process of its own. For the others, starting one would take most of
the time; CI has run the second that way before any test.
"""

import contextlib
import csv
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import matplotlib as mpl
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run an example to its end; return the lines it printed and the rows of its CSV file."""

    def to_its_end(script, *options):
        path = ROOT / "examples" / f"{script}.py"
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(path), *options])
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.setitem(sys.modules, "common", None)  # so that what the example imports is forgotten again
        monkeypatch.delitem(sys.modules, "common")
        with mpl.rc_context():
            runpy.run_path(str(path), run_name="__main__")
        pictures = list(Path("results").glob(f"{script}*.png"))
        assert pictures
        for picture in pictures:
            assert picture.read_bytes().startswith(b"\x89PNG")
            assert picture.stat().st_size > 10_000
        return capsys.readouterr().out.splitlines(), rows(next(Path("results").glob(f"{script}*.csv")))

    return to_its_end


def start(script, folder, *options):
    """Start an example on the active backend, with `folder` as its current directory."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # A job in the background ignores Ctrl-C, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, ROOT / "examples" / f"{script}.py", *options],
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend(), "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def common():
    """What the examples share, without its fonts for the figures of other tests."""
    with mpl.rc_context():
        yield runpy.run_path(str(ROOT / "examples" / "common.py"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(script):
    assert len(script.read_text("utf-8").splitlines()) < 60


def test_numbers_of_the_examples_run_from_one():
    assert [int(path.stem[:2]) for path in EXAMPLES] == [1, 2, 3, 4, 5, 6]


def test_sine(run):
    printed, saved = run("01_sine", "--seeds", "1", "--epochs", "1")
    curves = ["best straight line", "constant 0", "linear", "relu", "tanh"]
    assert [line[:20].strip() for line in printed[1:]] == curves
    assert [row["curve"] for row in saved] == curves
    error = {row["curve"]: float(row["error_inside"]) for row in saved}
    # No straight line beats the best one, and a network with an activation beats them all.
    assert error["relu"] < error["best straight line"] <= error["linear"] < error["constant 0"]


def test_digits(run):
    printed, saved = run("02_digits", "--activations", "prelu", "tanh", "--seeds", "2", "--epochs", "1")
    assert [(row["activation"], row["seed"], row["epoch"]) for row in saved] == [
        (name, seed, epoch) for name in ("prelu", "tanh") for seed in "01" for epoch in "01"
    ]
    table = {line.split()[0]: float(line.split()[1]) for line in printed[-2:]}
    for name, mean in table.items():
        last = [float(row["test_accuracy"]) for row in saved if row["activation"] == name and row["epoch"] == "1"]
        assert mean == pytest.approx(sum(last) / 2, abs=0.06)  # printed to one place
        assert min(last) > 50  # chance is 10
    assert list(table.values()) == sorted(table.values(), reverse=True)


def test_interrupted_digits_keep_the_finished_runs(tmp_path):
    path = tmp_path / "results" / "02_digits.csv"
    with start("02_digits", tmp_path, "--activations", "tanh", "--seeds", "10000", "--epochs", "1") as process:
        while process.poll() is None and not (path.exists() and len(rows(path)) >= 4):
            time.sleep(0.1)
        for _ in range(10):  # Ctrl-C is lost where Python drops exceptions, as in a destructor: then press it again
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                _, errors = process.communicate(timeout=30)
                break
        else:
            process.kill()
            pytest.fail("the example goes on after Ctrl-C")
    assert process.returncode == 1
    assert errors.splitlines()[-1] == f"Stopped; the runs finished so far are in {Path('results', '02_digits.csv')}."
    saved = rows(path)
    assert len(saved) >= 4
    assert all(0 <= float(row["test_accuracy"]) <= 100 for row in saved)


def test_dying_relu(run):
    printed, saved = run("03_dying_relu", "--seeds", "1", "--epochs", "1")
    assert len(printed) == 1 + len(saved) == 11
    share = {(row["cause"], row["remedy"]): float(row["units_off"]) for row in saved}
    assert share["a rate of 0.1", "ReLU as it is"] > 50 > share["a rate of 0.1", "a tenth of the rate"]
    assert share["biases of -0.5", "ReLU as it is"] > 50 > share["biases of -0.5", "a better start"]


def test_study(run):
    printed, saved = run("04_study", "--activations", "relu", "tanh", "--seeds", "2", "--epochs", "1", "--depths", "1")
    assert any("at this budget (2 seeds, 1 epochs" in line for line in printed)
    table = Path("results", "04_study_depth_1.md").read_text("utf-8")
    assert table.startswith("| rank | activation |")
    assert r"\toprule" in Path("results", "04_study_depth_1.tex").read_text("utf-8")
    assert [(row["activation"], row["seed"]) for row in saved] == [(n, s) for n in ("relu", "tanh") for s in "01"]


@pytest.mark.filterwarnings("ignore:.*does not represent logits")  # one of the faults that are shown
def test_lint(run):
    printed, saved = run("05_lint", "--epochs", "1")
    assert [row["rule"] for row in saved] == ["linear-stack", "double-softmax", "vanishing-gradient"]
    assert "mended: Nothing found." in printed


def test_replace(run):
    printed, saved = run("06_replace", "--epochs", "1")
    before = float(printed[0].split()[-2])
    at_once = {row["way"]: float(row["test_accuracy"]) for row in saved if row["epoch"] == "0"}
    assert at_once["PReLU (preserved)"] == pytest.approx(before, abs=0.06)
    assert at_once["softplus"] < at_once["softplus (calibrated)"] <= before


def test_training_starts_afresh_with_each_call(common):
    first, second = (list(common["train"]("relu", common["accuracy"], seeds=2, epochs=2)) for _ in range(2))
    assert first == second
    assert first[0] != first[1]


@pytest.mark.parametrize("wrong", ["0", "-1", "two"])
def test_number_of_seeds_must_be_positive(common, wrong, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["02_digits.py", "--seeds", wrong])
    with pytest.raises(SystemExit):
        common["options"]("about", seeds=5)
    assert f"expected a whole number from 1, got '{wrong}'" in capsys.readouterr().err
