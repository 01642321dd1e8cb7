"""A look at a trained model, its report, and the command that does both."""

import html.parser
import re
import sys
import warnings

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, fit, quiet

import keras_acts
from keras_acts.__main__ import main
from keras_acts.monitor import DyingReLUWarning


def model():
    built = keras.Sequential([keras.Input((5,)), layers.Dense(9, "relu", name="hidden"), layers.Dense(1)])
    built.get_layer("hidden").bias.assign(np.linspace(-20, 1, 9))
    return built


def inputs_of(built, x):
    kernel, bias = built.get_layer("hidden").get_weights()
    return x @ kernel + bias


class Rows(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return 4

    def __getitem__(self, number):
        part = self.x[10 * number : 10 * number + 10]
        return part, np.zeros(len(part))


@pytest.mark.parametrize("kind", ["array", "batches", "pairs", "dataset"])
def test_any_form_of_data(rows, kind):
    data = {
        "array": rows,
        "batches": (part for part in np.split(rows, 4)),
        "pairs": [(part, None) for part in np.split(rows, 4)],
        "dataset": Rows(rows),
    }[kind]
    built = model()
    before = [w.copy() for w in built.get_weights()]
    found = keras_acts.diagnose(built, data, batch_size=16, alarm=1.0)
    check(found, "hidden", inputs_of(built, rows))
    assert found.history.epochs == [0]
    for old, new in zip(before, built.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_findings_say_on_how_many_samples(rows):
    with pytest.warns(DyingReLUWarning, match="dead on these 40 samples"):
        found = keras_acts.diagnose(model(), rows)
    assert "epoch 1" not in str(found.findings[0])


def test_causes_are_those_that_show_in_the_weights(rows):
    """How training began is not known: no word of a start, and a cure that can still be taken."""
    built = model()
    kernel = built.get_layer("hidden").get_weights()[0]
    causes = {}
    for bias_of in (-20.0, -0.01):
        built.get_layer("hidden").set_weights([-np.abs(kernel) * (bias_of > -1), np.full(9, bias_of)])
        with pytest.warns(DyingReLUWarning):
            finding = keras_acts.diagnose(built, np.abs(rows)).findings[0]
        causes[bias_of] = finding.cause
        assert finding.when == ""
        assert "Revive" in finding.cure
    assert causes == {-20.0: "weights", -0.01: "unknown"}
    built.get_layer("hidden").set_weights([kernel, np.full(9, -20.0)])
    with pytest.warns(DyingReLUWarning, match="bias is -20"):
        assert keras_acts.diagnose(built, rows).findings[0].cause == "bias"


def test_bad_input():
    with pytest.raises(ValueError, match="at least one batch"):
        keras_acts.diagnose(model(), np.zeros((0, 5)))
    with pytest.raises(ValueError, match="none yet"):
        keras_acts.diagnose(keras.Sequential([layers.Dense(2)]), np.zeros((3, 5)))
    for nothing in (None, "data.npz"):
        with pytest.raises(TypeError, match="arrays, or as batches"):
            keras_acts.diagnose(model(), nothing)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_report_stands_alone(rows, tmp_path):
    built = model()
    # Reading before the activation would undo what TensorFlow fuses when it does not compile.
    built.compile("sgd", "mse", jit_compile=keras.backend.backend() != "torch")
    built.layers[0].name = "in>out"
    monitor = quiet(extras=["norms", "histogram"])
    fit(built, rows, monitor, epochs=3)
    path = tmp_path / "new" / "report.html"
    monitor.report(path)
    text = path.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    pictures = ["Firing rates", "Pre-activations", "Gradients by depth", "Dead units by layer", "Units of in&gt;out"]
    assert len(tags.links) == len(pictures)
    assert all(f'alt="{title}' in text for title in pictures)
    assert all(link.startswith("data:image/png;base64,") for link in tags.links)
    assert "http" not in re.sub(r'src="[^"]*"', "", text)
    assert "in&gt;out" in text
    assert "in>out" not in text


def test_report_without_pictures(rows, tmp_path, monkeypatch):
    found = keras_acts.diagnose(model(), rows, alarm=1.0)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.warns(UserWarning, match="without pictures"):
        found.report(tmp_path / "report.html")
    assert "hidden" in (tmp_path / "report.html").read_text()


def test_report_that_cannot_be_written_leaves_the_old_one(rows, tmp_path, monkeypatch):
    found = keras_acts.diagnose(model(), rows, alarm=1.0)
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        found.report(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_doctor(rows, tmp_path, capsys):
    model().save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", x=rows)
    arguments = ["doctor", str(tmp_path / "model.keras"), "--data", str(tmp_path / "x.npz"), "--out", str(tmp_path)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", DyingReLUWarning)
        assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "units dead" in out
    assert out.splitlines()[-1] == str(tmp_path / "doctor.html")
    assert "hidden" in (tmp_path / "doctor.html").read_text()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("model.h5", b"", "model.save"),
        ("model.keras", b"not a model", "no model"),
        ("missing.keras", None, "no model"),
    ],
)
def test_doctor_names_what_it_cannot_read(rows, tmp_path, capsys, name, content, expected):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "x.npz", x=rows)
    assert main(["doctor", str(tmp_path / name), "--data", str(tmp_path / "x.npz")]) == 2
    assert expected in capsys.readouterr().err


def test_doctor_runs_no_code_from_files(tmp_path, capsys):
    unsafe = keras.Sequential([keras.Input((5,)), layers.Lambda(lambda x: x)])
    unsafe.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 5)))
    assert main(["doctor", str(tmp_path / "model.keras"), "--data", str(tmp_path / "x.npz")]) == 2
    assert "cannot be loaded" in capsys.readouterr().err
    model().save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", np.array([print], dtype=object), allow_pickle=True)
    assert main(["doctor", str(tmp_path / "model.keras"), "--data", str(tmp_path / "x.npy")]) == 2
    assert "no arrays can be read" in capsys.readouterr().err
