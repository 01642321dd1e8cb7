"""Input that nobody would write by hand: odd shapes, extreme numbers, strides, and files that were tampered with."""

import json
import os
import pickle
import subprocess
from pathlib import Path

import fuzzing
import hypothesis
import keras
import ml_dtypes
import numpy as np
import pytest
from hypothesis import strategies as st
from samples import CATALOGUE, layer_parameters, to_numpy

DTYPES = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32}
EXTREME = [0.0, -0.0, 1e-45, -1e-45, 1e-8, 0.5, -1.0, 3.0, -6.0, 11.1, -17.0, 88.7, -104.0, 3e4, -6e4, np.inf, -np.inf]
STRIDES = {
    "as it is": lambda x: x,
    "backwards": lambda x: x[::-1],
    "transposed": lambda x: np.ascontiguousarray(x.swapaxes(0, -1)).swapaxes(0, -1),
    "every second": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
}
ELEMENTWISE = [name for name, facts in CATALOGUE.items() if facts.kind == "elementwise"]
FEW = hypothesis.settings(max_examples=30, derandomize=True, deadline=None, database=None)
MANY = hypothesis.settings(FEW, max_examples=100)


@st.composite
def arrays(draw):
    shape = draw(st.sampled_from([(1,), (3,), (2, 5), (2, 1, 3), (0, 4), (17,)]))
    dtype = DTYPES[draw(st.sampled_from(list(DTYPES)))]
    size = int(np.prod(shape))
    numbers = draw(st.lists(st.sampled_from(EXTREME) | st.floats(-50, 50, width=16), min_size=size, max_size=size))
    with np.errstate(over="ignore"):
        x = np.array(numbers, "float32").astype(dtype).reshape(shape)
    return STRIDES[draw(st.sampled_from(list(STRIDES)))](x)


@FEW
@hypothesis.given(name=st.sampled_from(ELEMENTWISE), x=arrays())
def test_each_element_is_computed_by_itself(name, x):
    """Whatever the shape, dtype and strides: the same as for the element alone, and within the stated range."""
    function = CATALOGUE[name].function
    got = function(x)
    assert tuple(got.shape) == x.shape
    assert keras.backend.standardize_dtype(got.dtype) == x.dtype.name
    got = to_numpy(got).astype("float64").ravel()
    padded = np.zeros(64, x.dtype)
    padded[: x.size] = x.ravel()
    alone = to_numpy(function(padded)).astype("float64")[: x.size]
    assert not np.isnan(got).any(), x
    scale = {"float16": 2**-10, "bfloat16": 2**-7, "float32": 2**-20}[x.dtype.name]
    np.testing.assert_allclose(got, alone, rtol=scale, atol=2.0**-24)


@FEW
@hypothesis.given(facts=st.sampled_from(list(CATALOGUE.values())), data=st.data())
def test_a_parameter_is_refused_or_kept(facts, data):
    """Whatever comes for it: a layer is made with just that value, or a TypeError or ValueError says why not."""
    parameters = [p.name for p in layer_parameters(facts)]
    if not parameters:
        return
    name = data.draw(st.sampled_from(parameters))
    value = data.draw(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(()))
    try:
        layer = facts.layer(**{name: value})
    except (TypeError, ValueError):
        return
    kept = layer.get_config()[name]
    if not isinstance(kept, dict | list):  # an initializer, or axes
        assert kept == value, f"{facts.layer.__name__}({name}={value!r}) holds {kept!r}"
    assert json.loads(json.dumps(layer.get_config()))[name] == kept


# Files and configurations


@MANY
@hypothesis.given(facts=st.sampled_from(list(CATALOGUE.values())), rng=st.randoms())
def test_a_configuration_that_was_tampered_with_makes_no_other_layer(facts, rng):
    """It is refused, by this package or by what Keras keeps in it, or a layer that its own constructor would make."""
    config = fuzzing.tampered_config(facts.layer(name="layer").get_config(), rng)
    try:
        with fuzzing.watched():
            layer = facts.layer.from_config(config)
    except Exception:
        return
    fuzzing.check_layer(layer)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tampered") / "model.keras"


@pytest.fixture(scope="module")
def saved(path):
    """A model's parts and results; what Python imports late, when it first loads one, is imported."""
    model = fuzzing.model_of(fuzzing.NAMES[::14])
    parts = fuzzing.parts_of(model)
    path.write_bytes(fuzzing.packed(parts))
    keras.saving.load_model(path)
    return parts, {name: to_numpy(y) for name, y in model(fuzzing.X).items()}


@pytest.mark.filterwarnings("default")  # zipfile's and NumPy's, of what they find in such a file
@MANY
@hypothesis.given(rng=st.randoms())
def test_a_file_that_was_tampered_with_is_refused_or_loads_as_what_it_says(saved, path, rng):
    parts, expected = saved
    how, data = fuzzing.tampered_file(parts, rng)
    path.write_bytes(data)
    fuzzing.outcome(path, expected if how == "bytes" else None)


@pytest.mark.parametrize("name", fuzzing.NAMES_IN_FILES)
def test_a_file_writes_nowhere(saved, path, name):
    path.write_bytes(fuzzing.packed({**saved[0], name: b"{}"}))
    fuzzing.outcome(path)


@pytest.mark.parametrize("call", fuzzing.CALLS, ids=lambda call: call["class_name"])
@pytest.mark.parametrize("key", ["activation", "kernel_initializer", "dtype"])
def test_a_file_that_names_code_is_refused(saved, path, call, key):
    config = json.loads(saved[0][fuzzing.CONFIG])
    dense = next(layer for layer in config["config"]["layers"] if layer["name"] == "dense")
    dense["config"][key] = call
    path.write_bytes(fuzzing.packed({**saved[0], fuzzing.CONFIG: json.dumps(config)}))
    assert fuzzing.outcome(path) == "refused"


def test_what_runs_code_is_noticed(tmp_path):
    """Else the tests above would prove nothing."""
    for call in (
        lambda: exec("1"),  # noqa: S102
        lambda: os.system("true"),  # noqa: S605, S607
        lambda: pickle.loads(pickle.dumps(len)),  # noqa: S301
        lambda: subprocess.run(["true"]),  # noqa: S607
        lambda: Path(tmp_path, "escaped.txt").write_text("", "utf-8"),
    ):
        with pytest.raises(fuzzing.CodeExecutedError), fuzzing.watched():
            call()
