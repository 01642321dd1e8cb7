"""Activations under the transformations of each backend: compilation, batching, and derivatives of every order."""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from samples import BACKEND, CATALOGUE, SHAPE, arguments, built, each, evaluate, kind, sample, to_numpy, together

from keras_acts import _backend

native: Any = importlib.import_module(BACKEND)

pytestmark = pytest.mark.usefixtures("quick_compilation")
X = sample(reach=6)
STEP = 2.0**-7  # of finite differences; the sample is a multiple of it, so x + STEP is exact
RNG = np.random.default_rng(5)
ALONG, WEIGHTS = (RNG.choice([-1.0, 1.0], SHAPE).astype("float32") for _ in range(2))


@pytest.fixture(scope="module")
def layers():
    return {name: built(facts) for name, facts in CATALOGUE.items()}


@pytest.fixture(scope="module")
def curves(layers):
    """Each function, with its layer's arguments, as a function of one tensor."""

    def curve(facts, layer):
        return lambda x: facts.function(x, **arguments(facts, layer))

    return {name: curve(facts, layers[name]) for name, facts in CATALOGUE.items()}


def close(got, expected, scale=1.0):
    """Equal but for the rounding of float32, where `scale` is the size of the numbers that were subtracted."""
    np.testing.assert_allclose(to_numpy(got), to_numpy(expected), rtol=1e-5, atol=1e-6 * scale)


# Compilation


@pytest.fixture(scope="module")
def compiled(layers):
    """What each layer computes in the compiled forms of the backend, beside the eager form."""
    call = together(layers) if BACKEND == "jax" else None
    if BACKEND == "tensorflow":
        everything = lambda x: {name: layer(x) for name, layer in layers.items()}  # noqa: E731
        free = native.TensorSpec((None, None, None, SHAPE[-1]), "float32")
        forms = {
            "graph": native.function(everything, autograph=False, input_signature=[free]),
            "xla": native.function(everything, autograph=False, jit_compile=True),
        }
        results = {form: run(native.constant(X)) for form, run in forms.items()}
        return {form: result.__getitem__ for form, result in results.items()}
    return {"jit": call(X)} if call else {}


def gradients(function):
    compilers = _backend.compilers()
    return compilers.get("graph", compilers["eager"])(_backend.with_gradients(function))


@pytest.mark.parametrize("name", ["mish", "gelu", "softplus", "elu", "sine", "arctan"])
def test_a_large_tensor_gives_what_its_pieces_give(name):
    """TensorFlow's graphs leave large tensors to XLA."""
    x = np.random.default_rng(0).normal(scale=3, size=(600, 1000)).astype("float32")
    run = gradients(CATALOGUE[name].function)
    whole = run(ops.convert_to_tensor(x))
    pieces = [run(ops.convert_to_tensor(piece)) for piece in np.split(x, 6)]
    for got, expected in zip(whole, zip(*pieces, strict=True), strict=True):
        close(got, np.concatenate(list(map(to_numpy, expected))))


if BACKEND == "jax":
    sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
    import memory

    @pytest.mark.parametrize(("name", "bar"), [("relu", 1.3), ("softplus", 1.3), ("mish", 2.2)])
    def test_a_layer_keeps_no_more_for_the_way_back_than_it_has_to(name, bar):
        assert memory.per_layer(CATALOGUE[name].function) <= bar


if BACKEND == "tensorflow":

    @pytest.mark.parametrize(
        ("name", "shape", "calls", "branches"),
        [
            ("mish", (600, 1000), True, False),
            ("mish", (None, 1000), False, True),
            ("mish", (60, 1000), False, False),
            ("mish", (None, None), False, False),
            ("arctan", (600, 1000), False, False),  # one pass over the memory all the same
            ("asinh", (600, 1000), True, False),  # one pass, but a slow one
        ],
    )
    def test_tensorflow_leaves_to_xla_what_is_large_and_of_known_shape(name, shape, calls, branches):
        spec = native.TensorSpec(shape, "float32")
        graph = native.function(CATALOGUE[name].function, autograph=False).get_concrete_function(spec).graph
        kinds = {node.op for node in graph.as_graph_def().node}
        assert ("PartitionedCall" in kinds or "StatefulPartitionedCall" in kinds) == calls
        assert ("If" in kinds or "StatelessIf" in kinds) == branches


@each()
def test_compiled_it_computes_the_same(facts, layers, compiled):
    expected = layers[facts.name](X)
    assert compiled or BACKEND == "torch"
    for result in compiled.values():
        close(result(facts.name), expected, scale=np.abs(to_numpy(expected)).max())


@pytest.fixture(scope="module")
def batched(curves):
    """Each function mapped over the first axis by the backend's own batching."""
    calls = {name: curve for name, curve in curves.items() if kind(CATALOGUE[name]).least_rank <= 3}
    if BACKEND == "jax":
        return evaluate({name: native.vmap(curve) for name, curve in calls.items()}, X)
    if BACKEND == "tensorflow":
        return native.vectorized_map(lambda x: {name: curve(x) for name, curve in calls.items()}, X).__getitem__
    return evaluate({name: native.func.vmap(curve) for name, curve in calls.items()}, ops.convert_to_tensor(X))


@each()
def test_mapped_over_the_batch_it_computes_the_same(facts, curves, batched):
    if kind(facts).least_rank <= 3:
        close(batched(facts.name), curves[facts.name](ops.convert_to_tensor(X)))


# Derivatives


def gradient(fn):
    """The gradient of the sum of `fn`, as a function that can be differentiated again."""
    if BACKEND == "jax":
        return native.grad(lambda x: native.numpy.sum(fn(x)))

    def of_tensorflow(x):
        with native.GradientTape() as tape:
            tape.watch(x)
            total = native.reduce_sum(fn(x))
        return tape.gradient(total, x, unconnected_gradients="zero")

    def of_torch(x):
        x = x if x.requires_grad else x.detach().requires_grad_()
        total = fn(x).sum()
        if not total.requires_grad:
            return native.zeros_like(x)
        return native.autograd.grad(total, x, create_graph=True, allow_unused=True, materialize_grads=True)[0]

    return of_tensorflow if BACKEND == "tensorflow" else of_torch


def forward(fn, x):
    """The derivative along ALONG in forward mode, where the backend has it for functions with a stated slope."""
    if BACKEND == "tensorflow":
        return None
    jvp = native.jvp if BACKEND == "jax" else native.func.jvp
    return jvp(fn, (x,), (ops.convert_to_tensor(ALONG),))[1]


@pytest.fixture(scope="module")
def derived(curves):
    """Value, gradient and second derivative of each function, at the sample and two steps to either side."""

    def weighted(curve):
        def fn(x):
            y = curve(x)
            return y * ops.convert_to_tensor(weights_for(tuple(y.shape)))

        return fn

    def all_orders(curve):
        slope = gradient(weighted(curve))
        return lambda x: {
            "value": curve(x),
            "gradient": slope(x),
            "forward": forward(curve, x),
            "second": gradient(lambda x: slope(x) * ops.convert_to_tensor(ALONG))(x),
        }

    at = together({name: all_orders(curve) for name, curve in curves.items()})
    return {steps: at(ops.convert_to_tensor(X + steps * STEP * ALONG)) for steps in (-2, -1, 0, 1, 2)}


def weights_for(shape):
    return np.resize(WEIGHTS, shape)


def difference(derived, name, part):
    """The derivative along ALONG by finite differences that are exact for polynomials of degree 4."""
    far, near, _, next_, last = (to_numpy(derived[steps](name)[part]).astype("float64") for steps in (-2, -1, 0, 1, 2))
    return (8 * (next_ - near) - (last - far)) / (12 * STEP)


def agree(facts, got, expected, scale):
    """Equal but for what rounding leaves of finite differences.

    Where one element depends on others, or a curve has knots of its own, a few elements have a kink between the five
    points, which no sample avoids.
    """
    # Rounding of float32 divided by the step: at most some 2e-5 of the numbers that are subtracted.
    wrong = np.abs(got - expected) > 5e-5 * (1 + np.abs(scale).max())
    has_kinks = not kind(facts).pointwise or facts.kind in ("curve", "stochastic")
    assert wrong.mean() <= (0.04 if has_kinks else 0.0), f"{got[wrong]} instead of {expected[wrong]}"


@each(true_slope=True)
def test_derivatives_agree_with_finite_differences(facts, derived):
    parts = {part: result for part, result in derived[0](facts.name).items() if result is not None}
    parts = {part: to_numpy(result).astype("float64") for part, result in parts.items()}
    for part, result in parts.items():
        assert np.all(np.isfinite(result)), f"{part} is {result[~np.isfinite(result)]}"
    value, slope = parts["value"], difference(derived, facts.name, "value")
    weights = weights_for(value.shape)
    if "forward" in parts:
        agree(facts, parts["forward"], slope, value)
        # Reverse mode is its transpose, at kinks too.
        total = np.sum(parts["forward"] * weights)
        np.testing.assert_allclose(np.sum(parts["gradient"] * ALONG), total, rtol=1e-4, atol=1e-4 * np.abs(value).max())
    if kind(facts).pointwise:
        agree(facts, parts["gradient"], weights * ALONG * slope, value)
    agree(facts, parts["second"], difference(derived, facts.name, "gradient"), parts["gradient"])


BENT = [facts for facts in CATALOGUE.values() if facts.kind in ("elementwise", "trainable") and "smu" not in facts.name]
NEAR_0 = np.array([-2e-3, -1e-3, 0.0, 1e-3, 2e-3], "float32")


@pytest.fixture(scope="module")
def bends():
    """The second derivative of each function of one number at 0 and next to it, compiled where the backend compiles."""
    curves = {facts.name: facts.function if facts.kind == "elementwise" else built(facts, (5,)) for facts in BENT}
    twice = {name: gradient(gradient(curve)) for name, curve in curves.items()}
    if BACKEND != "tensorflow":
        return [evaluate(twice, ops.convert_to_tensor(NEAR_0))]
    # Other formulas are traced for XLA.
    some = ("gelu", "softplus", "mish", "silu", "tanh", "lisht", "squareplus", "arctan", "erf")
    fused = native.function(lambda x: {name: twice[name](x) for name in some}, autograph=False, jit_compile=True)
    at, found = evaluate(twice, native.constant(NEAR_0)), fused(native.constant(NEAR_0))
    return [at, lambda name: found[name] if name in found else at(name)]


@pytest.mark.parametrize("facts", BENT, ids=lambda facts: facts.name)
def test_the_second_derivative_does_not_jump_at_0_alone(facts, bends):
    """Many a value and slope is put together there of two halves, whose traced derivatives may both be wrong."""
    for bend in bends:
        _, before, at, after, _ = to_numpy(bend(facts.name))
        slack = 1e-3 + 0.01 * abs(before) + abs(after - before)
        assert min(before, after) - slack <= at <= max(before, after) + slack


@each(true_slope=False)
def test_a_surrogate_has_a_finite_slope(facts, derived):
    gradient = to_numpy(derived[0](facts.name)["gradient"])
    assert np.all(np.isfinite(gradient))
    assert np.any(gradient != 0)
