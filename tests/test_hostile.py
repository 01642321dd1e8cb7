"""Input that nobody would write by hand: odd shapes, extreme numbers, strides, and files that were tampered with."""

import json
import math
import zipfile

import hypothesis
import keras
import ml_dtypes
import numpy as np
import pytest
from hypothesis import strategies as st
from samples import CATALOGUE, kind, layer_parameters, to_numpy

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


# Files


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    inputs = keras.Input((12,))
    names = [name for name in CATALOGUE if kind(CATALOGUE[name]).least_rank < 4][::6]
    keras.Model(inputs, [CATALOGUE[name].layer(name=name)(inputs) for name in names]).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, parts):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def tampered(config, path, value):
    copy = json.loads(json.dumps(config))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


def test_a_file_that_was_tampered_with_is_refused_or_harmless(saved, tmp_path):
    """No error but those that say what is wrong, and nothing in the model that no constructor would take."""
    config = json.loads(saved["config.json"])
    own = [
        (i, key)
        for i, layer in enumerate(config["config"]["layers"])
        if str(layer["registered_name"]).startswith("keras_acts>")
        for key in layer["config"]
        if key not in ("name", "dtype", "trainable")
    ]
    rng = np.random.default_rng(0)
    values = ["/etc/passwd", {"class_name": "Lambda", "config": {}}, [["a"]], float("nan"), -(2**70), 1e300]
    outcomes = []
    for i, key in [own[j] for j in rng.permutation(len(own))[:40]]:
        value = values[rng.integers(len(values))]
        layer = config["config"]["layers"][i]
        kind_of = keras.saving.get_registered_object(layer["registered_name"])
        try:
            kept = kind_of.from_config({**layer["config"], key: value}).get_config()[key]
        except (TypeError, ValueError):
            outcomes.append("refused")
            continue
        outcomes.append("kept")
        is_number = isinstance(kept, int | float) and math.isfinite(kept)
        assert is_number or isinstance(kept, dict | list), f"{layer['class_name']}: {key}={value!r}"
    assert outcomes.count("refused") > 25
    for path in [("config", "layers", 1, "registered_name"), ("config", "layers", 1, "config", "path")]:
        write(tmp_path / "model.keras", {**saved, "config.json": json.dumps(tampered(config, path, "/etc/passwd"))})
        with pytest.raises((TypeError, ValueError)):
            keras.saving.load_model(tmp_path / "model.keras")
