"""What holds for every activation of the catalogue: names, documentation, arguments, shapes and dtypes."""

import inspect
import json
import math
import re
import sys

import keras
import numpy as np
import pytest
from keras import ops
from samples import (
    CATALOGUE,
    ONE_OF_EACH_KIND,
    SHAPE,
    SILENT,
    SIZES,
    another,
    arguments,
    built,
    dtype_of,
    each,
    evaluate,
    float64,
    function_parameters,
    kind,
    layer_parameters,
    learned,
    sample,
    seeded,
    to_numpy,
)

import keras_acts
from keras_acts._bases import Activation

X = sample()


pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def layers():
    """One layer with its default arguments per activation, built for the sample."""
    return {name: built(facts) for name, facts in CATALOGUE.items()}


@pytest.fixture(scope="module")
def shapes(layers):
    """The shape and the dtype of what each function returns for the sample."""
    calls = {
        name: lambda x, facts=CATALOGUE[name], layer=layer: facts.function(x, **arguments(facts, layer))
        for name, layer in layers.items()
    }
    return evaluate(calls, X, values=False)


# Names and documentation


@each()
def test_is_public_under_both_its_names(facts):
    assert getattr(keras_acts, facts.name) is facts.function
    assert getattr(keras_acts, facts.layer.__name__) is facts.layer
    assert {facts.name, facts.layer.__name__} <= set(keras_acts.__all__)
    assert facts.name in keras_acts.list_activations(facts.kind)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", facts.name)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", facts.layer.__name__)


def test_no_public_name_is_left_over():
    assert len(keras_acts.__all__) == len(set(keras_acts.__all__))
    assert not [name for name in keras_acts.__all__ if not hasattr(keras_acts, name)]


@each()
def test_is_registered_with_keras(facts):
    for thing, name in ((facts.function, facts.name), (facts.layer, facts.layer.__name__)):
        assert keras.saving.get_registered_object(f"keras_acts>{name}") is thing
        assert keras.saving.get_registered_name(thing) == f"keras_acts>{name}"


@each()
def test_layer_is_final_and_stands_below_its_function(facts):
    assert issubclass(facts.layer, Activation)
    assert facts.layer.facts is facts
    assert facts.layer.__base__.__module__ == Activation.__module__
    assert facts.layer.__module__ == facts.function.__module__
    source = inspect.getsource(sys.modules[facts.layer.__module__])
    assert source.index(f"\ndef {facts.name}(") < source.index(f"\nclass {facts.layer.__name__}(")


def described(docstring):
    """Names that the `Args:` section describes."""
    section = re.search(r"\n    Args:\n(.*?)(?:\n\n|\Z)", docstring, re.DOTALL)
    return re.findall(r"^        \*{0,2}(\w+):", section[1], re.MULTILINE) if section else []


@each()
def test_function_is_documented(facts):
    text = facts.function.__doc__
    first = text.partition("\n")[0]
    assert re.fullmatch(r"[^:]+: .+\.", first), "the first line is a noun, a colon and the formula in words or symbols"
    assert described(text) == ["x", *(p.name for p in function_parameters(facts))]
    for section in ("Returns", "Examples"):
        assert f"\n    {section}:\n" in text, f"no {section} section"
    if facts.limits.keys() - learned(facts):
        assert "\n    Raises:\n" in text
    assert facts.source.strip()


@each()
def test_layer_is_documented(facts):
    text = facts.layer.__doc__
    assert f"`{facts.name}`" in text.partition("\n")[0]
    assert described(text) == [*(p.name for p in layer_parameters(facts)), "kwargs"]
    assert "\n    Examples:\n" in text


# Function and layer


@each()
def test_layer_takes_the_functions_arguments_in_the_same_order_with_the_same_defaults(facts):
    own = {p.name: p.default for p in layer_parameters(facts)}
    weights = [name for name in own if name.endswith(("_initializer", "_regularizer", "_constraint"))]
    placing = ("shared_axes", "data_format", *SIZES)
    expected = {p.name: p.default for p in function_parameters(facts) if p.name not in ("mask", "training")}
    assert list({name: default for name, default in own.items() if name not in (*weights, *placing)}.items()) == list(
        {name: default for name, default in expected.items() if name not in learned(facts)}.items()
    )
    assert [name for name in weights if name.endswith("_initializer")] == [f"{n}_initializer" for n in learned(facts)]
    assert all(own[name] is None for name in weights if not name.endswith("_initializer"))
    assert not (own.keys() & set(SIZES)) or facts.holds == "weights"


@each()
def test_layer_computes_what_the_function_computes(facts, layers):
    layer = layers[facts.name]
    got = to_numpy(layer(X))
    expected = to_numpy(facts.function(X, **arguments(facts, layer)))
    np.testing.assert_array_equal(got, expected, strict=True)
    assert np.all(np.isfinite(got))


@pytest.fixture(scope="module")
def changed(layers):
    """A layer for each activation and parameter that is not the default, and what layer and function compute."""
    calls, made = {}, {}
    for name, facts in CATALOGUE.items():
        for parameter in layer_parameters(facts):
            value = another(facts, parameter)
            layer = made[name, parameter.name] = built(facts, SHAPE, **{parameter.name: value})
            calls[name, parameter.name, "layer"] = lambda x, layer=layer: layer(x)
            calls[name, parameter.name, "function"] = lambda x, facts=facts, layer=layer: facts.function(
                x, **arguments(facts, layer)
            )
        calls[name, "", "layer"] = layers[name]
    return made, evaluate(calls, X)


@each()
def test_every_parameter_reaches_the_result(facts, layers, changed):
    made, results = changed
    names = [p.name for p in function_parameters(facts)]
    for parameter in layer_parameters(facts):
        value = another(facts, parameter)
        assert json.loads(json.dumps(made[facts.name, parameter.name].get_config()))[parameter.name] is not None
        if parameter.name in names:
            assert getattr(made[facts.name, parameter.name], parameter.name) == value
        if parameter.name.endswith(("_regularizer", "_constraint")) or parameter.name in ("seed", "data_format"):
            continue
        if parameter.name == "momentum" or (facts.name, parameter.name) in SILENT:
            continue
        got, expected, default = (
            to_numpy(results(facts.name, *key))
            for key in ((parameter.name, "layer"), (parameter.name, "function"), ("", "layer"))
        )
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
        # Until they are trained, parameters per channel are alike along every axis.
        places = parameter.name == "shared_axes" or (parameter.name == "axis" and facts.holds == "weights")
        if not places and kind(facts).true_slope:
            same = got.shape == default.shape and np.allclose(got, default, rtol=1e-3, atol=1e-3)
            assert not same, f"{parameter.name}={value!r} changes nothing"


# Dtypes and kinds of input

LOW = ("float16", "bfloat16")


def in_many_forms(layers):
    """Calls of each function with the same numbers in many forms, and those forms; every number fits all dtypes."""
    x = np.round(sample((2, 2, 2, 12), reach=15) * 8) / 8
    whole = np.round(x)
    forms = {
        "float32": x,
        "list": x.tolist(),
        "whole": whole,
        "integers": whole.astype("int8"),
        **{dtype: ops.cast(x, dtype) for dtype in LOW},
    }
    calls = {
        (name, form): lambda forms, facts=CATALOGUE[name], layer=layer, form=form: facts.function(
            forms[form], **arguments(facts, layer)
        )
        for name, layer in layers.items()
        for form in forms
    }
    return calls, forms


@pytest.fixture(scope="module")
def typed(layers):
    return evaluate(*in_many_forms(layers), values=False)


@each()
def test_function_keeps_a_floating_dtype_and_turns_all_else_into_floats(facts, typed):
    for form in ("float32", "float16", "bfloat16"):
        assert dtype_of(typed(facts.name, form)) == form
    for form in ("list", "integers"):
        assert dtype_of(typed(facts.name, form)) == keras.config.floatx()
    assert len({tuple(typed(facts.name, form).shape) for form in ("float32", "list", "integers", "float16")}) == 1


@pytest.fixture(scope="module")
def valued(layers):
    return evaluate(*in_many_forms({facts.name: layers[facts.name] for facts in ONE_OF_EACH_KIND}))


@pytest.mark.parametrize("facts", ONE_OF_EACH_KIND, ids=lambda facts: facts.name)
def test_lists_and_integers_count_as_their_numbers(facts, valued):
    for form, same in (("list", "float32"), ("integers", "whole")):
        got, expected = to_numpy(valued(facts.name, form)), to_numpy(valued(facts.name, same))
        # XLA may round the sums of a rational curve differently in each, which shows where they cancel.
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("facts", ONE_OF_EACH_KIND, ids=lambda facts: facts.name)
@pytest.mark.parametrize("dtype", LOW)
def test_low_precision_is_widened_before_and_rounded_once_after(facts, dtype, valued):
    got = to_numpy(valued(facts.name, dtype))
    expected = to_numpy(ops.cast(valued(facts.name, "float32"), dtype))
    # One unit in the last place: the float32 values themselves may differ between two compilations.
    step = 2.0 ** (-10 if dtype == "float16" else -7)
    np.testing.assert_allclose(got, expected, rtol=step, atol=1e-7)


@pytest.fixture(scope="module")
def wide(layers):
    """Each function on float64, and each layer of dtype float64."""
    calls = {}
    with float64():
        for name, facts in CATALOGUE.items():
            layer = built(facts, dtype="float64")
            calls[name, "function"] = lambda x, facts=facts, layer=layer: facts.function(x, **arguments(facts, layer))
            calls[name, "layer"] = layer
        yield evaluate(calls, ops.convert_to_tensor(X, dtype="float64"), values=False)


@each()
def test_float64_stays_float64(facts, wide):
    assert dtype_of(wide(facts.name, "function")) == dtype_of(wide(facts.name, "layer")) == "float64"


POLICIES = ("mixed_float16", "mixed_bfloat16")


@pytest.fixture(scope="module")
def under_policy():
    """Each layer under each dtype policy, and what it makes of float32 input."""
    made, calls = {}, {}
    for policy in POLICIES:
        for name, facts in CATALOGUE.items():
            made[name, policy] = calls[name, policy] = built(facts, dtype=policy)
    return made, evaluate(calls, X, values=False)


@each()
@pytest.mark.parametrize("policy", POLICIES)
def test_layer_obeys_its_dtype_policy(facts, policy, under_policy):
    made, results = under_policy
    layer = made[facts.name, policy]
    assert dtype_of(results(facts.name, policy)) == layer.compute_dtype == policy.removeprefix("mixed_")
    assert {weight.dtype for weight in layer.weights if "float" in weight.dtype} <= {"float32"}


@each()
def test_layer_takes_its_policy_from_keras(facts):
    keras.config.set_dtype_policy("float16")
    layer = built(facts)
    assert layer.compute_dtype == "float16"
    for weight in layer.weights:
        assert np.all(np.isfinite(to_numpy(weight.value))), f"{weight.path} starts from a number too large for float16"


# Shapes


@pytest.fixture(scope="module")
def symbolic(layers):
    """The output of each layer, and of each function, for symbolic inputs."""
    results = {}
    for name, facts in CATALOGUE.items():
        for label, shape in (("fixed", SHAPE[1:]), ("free", (None, None, SHAPE[-1]))):
            inputs = keras.Input(shape)
            results[name, label] = facts.layer(**seeded(facts))(inputs)
    return results


@each()
def test_symbolic_shape_and_dtype_are_the_real_ones(facts, layers, shapes, symbolic):
    real = tuple(shapes(facts.name).shape)
    assert tuple(layers[facts.name].compute_output_shape(SHAPE)) == real
    fixed, free = symbolic[facts.name, "fixed"], symbolic[facts.name, "free"]
    assert tuple(fixed.shape) == (None, *real[1:])
    assert all(got in (None, size) for got, size in zip(free.shape, real, strict=True))
    assert free.shape[-1] == real[-1]
    assert fixed.dtype == free.dtype == dtype_of(shapes(facts.name))


@pytest.mark.parametrize(
    "facts", [facts for facts in CATALOGUE.values() if facts.holds != "weights"], ids=lambda facts: facts.name
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_function_of_a_symbolic_tensor_is_its_layer(facts, dtype, layers, shapes):
    layer = layers[facts.name]
    fixed = arguments(facts, layer)
    inputs = keras.Input(SHAPE[1:], dtype=dtype)
    output = facts.function(inputs, **fixed)
    assert tuple(output.shape[1:]) == tuple(shapes(facts.name).shape[1:])
    assert output.dtype == ("float32" if dtype == "int32" else dtype)
    made = output._keras_history.operation
    assert type(made) is facts.layer
    assert {k: v for k, v in made.get_config().items() if k in fixed} == fixed


def of_one(layer, name, value):
    """A weight as the number, or the numbers of one curve, it starts from; other arguments as they are."""
    if not isinstance(value, keras.Variable):
        return value
    shape = layer.weight_shape(name, ())
    return to_numpy(value.value).ravel()[: math.prod(shape)].reshape(shape)


@each()
def test_empty_input_gives_empty_output(facts):
    for shape in ((0, *SHAPE[1:]), (0, 4), (2, 0)):
        if len(shape) < kind(facts).least_rank:
            continue
        layer = built(facts, shape)
        expected = tuple(layer.compute_output_shape(shape))
        result = evaluate({"": layer}, np.zeros(shape, "float32"), values=False)("")
        assert tuple(result.shape) == expected
        assert 0 in expected


@each(pointwise=True)
def test_function_takes_a_single_number(facts, layers):
    layer = layers[facts.name]
    numbers = {name: of_one(layer, name, value) for name, value in arguments(facts, layer).items()}
    calls = {
        form: lambda x, form=form: facts.function(form, **numbers) for form in (0.5, 1, np.float32(0.5), np.int8(3))
    }
    results = evaluate(calls, X, values=False)
    for form in calls:
        assert tuple(results(form).shape) == ()
        assert dtype_of(results(form)) == "float32"


@each(pointwise=False)
def test_function_of_a_row_refuses_a_single_number(facts, layers):
    with pytest.raises(ValueError, match=rf"^{facts.name}\b.*; "):
        facts.function(0.5, **arguments(facts, layers[facts.name]))
