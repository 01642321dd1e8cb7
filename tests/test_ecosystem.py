"""The programs of the how-to on loggers, and of the one on exports, run as they stand there."""

import re
from pathlib import Path

import numpy as np
import pytest
from samples import BACKEND

pytestmark = [pytest.mark.usefixtures("quick_compilation"), pytest.mark.filterwarnings("default")]
DOCS = Path(__file__).parents[1] / "docs" / "howto"


def run(page, *headings):
    """Run the programs below headings of a page, one after the other; what they define by name."""
    names = {}
    text = (DOCS / page).read_text("utf-8")
    for heading in headings:
        code = re.search(rf"^#+ {heading}$.*?^```python\n(.*?)^```$", text, re.M | re.S)
        assert code, f"{page} has no program below {heading!r}"
        exec(code[1], names)  # noqa: S102 - our own documentation
    return names


def test_a_logger_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("loggers.md", "MLflow, Weights & Biases, and your own")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["0", "1"]
    assert all(float(line[1]) >= 0 for line in lines)


def test_optuna_chooses_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("loggers.md", "Optuna")
    losses = {trial.params["activation"]: trial.value for trial in names["study"].trials}
    assert losses.keys() == {"prelu", "silu"}
    assert names["best"] == min(losses, key=losses.get)


if BACKEND == "tensorflow":  # whose summaries TensorBoard reads

    def test_tensorboard_shows_the_dead_units(tmp_path, monkeypatch):
        import tensorflow as tf

        monkeypatch.chdir(tmp_path)
        run("loggers.md", "TensorBoard")
        shown = {}
        for path in (tmp_path / "results" / "tensorboard" / "train").iterdir():
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                event = tf.compat.v1.Event.FromString(record)
                for value in event.summary.value:
                    shown.setdefault(value.tag, []).append(event.step)
        assert shown["epoch_dead_units"] == [0, 1]


def test_the_program_of_the_how_to_on_exports(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
    names = run("export.md", "Export a model", labels[BACKEND])
    written = {path.name for path in tmp_path.iterdir()}
    expected = {"tensorflow": {"model", "model.tflite", "model.onnx"}, "jax": set(), "torch": {"model.pt2"}}
    assert written == expected[BACKEND]
    if BACKEND == "jax":
        np.testing.assert_allclose(names["again"], names["model"](names["x"]), rtol=1e-6)
