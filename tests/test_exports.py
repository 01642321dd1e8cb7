"""Exported models compute the same; `docs/elsewhere/make_exports.py` measures every activation the same way."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from samples import BACKEND, CATALOGUE, built, to_numpy

from keras_acts import _core, _export
from keras_acts._backend import polynomials

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "elsewhere"))
import make_exports

# What converters warn of is theirs.
pytestmark = pytest.mark.filterwarnings("default")
FORMS = [way.split(":")[1] for way in make_exports.WAYS if way.split(":")[0] == BACKEND]
QUICK = ("tf_saved_model", "litert", "onnx") if BACKEND == "tensorflow" else ("jax.export", "torch")
# One for each operation that some format lacks, and one for each way that a layer computes.
NAMES = (
    "elu",
    "softplus",
    "gelu",
    "erf",
    "arctan",
    "asinh",
    "tanh_shrink",
    "mish",
    "prelu",
    "swiglu",
    "softmax",
    "softmax_one",
    "sparsemax",
    "hardmax",
    "gelu_tanh",
    "rrelu",
)


@pytest.mark.parametrize("form", [form for form in FORMS if form in QUICK])
def test_an_exported_model_computes_the_same(form, tmp_path):
    x = np.random.default_rng(0).normal(0, 3, (2, 12)).astype("float32")
    x[:, 0] = 500.0, -500.0  # where the branch that is not taken overflows
    inputs = keras.Input((12,), name="x")
    model = keras.Model(inputs, [built(CATALOGUE[name], (None, 12))(inputs) for name in NAMES])
    expected = [to_numpy(y) for y in model(x)]
    results, foreign = make_exports.exported(model, form, tmp_path, x)
    for name, result, truth in zip(NAMES, results, expected, strict=True):
        atol = 1e-6 * max(1.0, np.abs(truth).max())
        np.testing.assert_allclose(np.asarray(result), truth, rtol=2e-6, atol=atol, err_msg=name)
    assert not foreign, f"LiteRT would need TensorFlow for {foreign}"


@pytest.mark.parametrize("name", [*_export._PLAIN, "erfc"])
def test_an_operation_in_other_words_is_the_same(name):
    plain = polynomials.erfc if name == "erfc" else _export._PLAIN[name]
    exact = _export._backend.erfc if name == "erfc" else getattr(ops, name)
    size = np.logspace(-20, 1, 200, dtype="float32")
    x = ops.convert_to_tensor(size if name == "log1p" else np.concatenate([-size, [0.0], size]).astype("float32"))
    # erfc falls to 1e-44, where the rounding of its exponent, up to 100, counts.
    np.testing.assert_allclose(
        to_numpy(plain(x)), to_numpy(exact(x)), rtol=1e-5 if name == "erfc" else 1e-6, atol=1e-37
    )


def test_operations_are_as_before_after_an_export(monkeypatch):
    names = ("expm1", "where", "while_loop")
    during = []

    def export(model, filepath, format, *args, **kwargs):
        assert _core.exporting
        during.append({name for name in names if getattr(ops, name) is not before[name]})
        raise OSError("no space")

    monkeypatch.setattr(keras.Model, "export", export)
    _export.install()
    before = {name: getattr(ops, name) for name in names}
    model = keras.Sequential([keras.Input((2,))])
    for form in ("onnx", "torch" if BACKEND == "torch" else "tf_saved_model"):
        with pytest.raises(OSError, match="no space"):
            model.export("", form)
        assert {name: getattr(ops, name) for name in names} == before
        assert not _core.exporting
    assert (
        during
        == {
            "tensorflow": [{"expm1", "where"}, set()],
            "jax": [{"expm1"}, {"expm1"}],
            "torch": [{"expm1"}, {"while_loop"}],
        }[BACKEND]
    )
