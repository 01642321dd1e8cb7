"""What people do with an object of Keras, each as an operation that any activation can go through.

An operation is given subjects and yields, for each, how far what it computes afterwards is from what it computed
before, or the error that stands in the way. `docs/elsewhere/make_lifecycle.py` puts every activation through all.
"""

import copy
import dataclasses
import functools
import importlib
import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from samples import BACKEND, CATALOGUE, SHAPE, arguments, built, dtype_of, evaluate, float64, learned, seeded, to_numpy
from test_transforms import gradient

native: Any = importlib.import_module(BACKEND)
FORMS = ("inside Dense", "function in a functional model", "layer")
OTHERS = [name for name in ("jax", "tensorflow", "torch") if name != BACKEND and importlib.util.find_spec(name)]
RNG = np.random.default_rng(0)
# No number here or after the kernels below needs more digits than bfloat16 has, and none is a kink or near one.
X = (RNG.integers(-32, 32, SHAPE) / 8 + 1 / 16).astype("float32")
KERNEL = (np.eye(SHAPE[-1])[RNG.permutation(SHAPE[-1])] * RNG.choice([-1.0, -0.5, 0.5, 1.0], SHAPE[-1])).astype(
    "float32"
)
# How far apart results may be, as a share of the largest one, or of 1 if that is larger. All but these: equal.
FLOAT32, HALF, BRAIN = 1e-5, 2.0**-9, 2.0**-6
TOLERANCES: dict[str, float] = {}


@dataclasses.dataclass(frozen=True, order=True)  # in order, as JAX wants the keys of what it compiles
class Subject:
    """One activation in one form, as a model whose weights no initializer gives."""

    name: str
    form: str

    @property
    def facts(self):
        return CATALOGUE[self.name]

    @functools.cached_property
    def model(self):
        return self.made()

    @functools.cached_property
    def values(self):
        """The output and the weights, as they are before anything was done."""
        return values(self.model)

    @property
    def thing(self):
        """What can stand alone: the layer; for a function in a graph of its own, the model."""
        return self.model if self.form == FORMS[1] else self.model.layers[-1]

    def made(self, shape=SHAPE[1:], trained=True):
        keras.utils.set_random_seed(0)  # the same initial weights, whichever tests ran before
        inputs = keras.Input(shape, dtype=keras.config.dtype_policy().compute_dtype)
        if self.form == FORMS[0]:
            held = self.facts.layer(**seeded(self.facts)) if learned(self.facts) else self.facts.function
            model = keras.Model(inputs, keras.layers.Dense(SHAPE[-1], held, name="host")(inputs))
        elif self.form == FORMS[2]:
            model = keras.Model(inputs, self.facts.layer(**seeded(self.facts))(inputs))
        else:
            layer = train(built(self.facts))
            weights = {name: to_numpy(getattr(layer, name).value) for name in learned(self.facts)}
            model = keras.Model(inputs, self.facts.function(inputs, **weights))
        return train(model) if trained else model


def train(model):
    """Give each weight another value than its initializer did, which every dtype can hold."""
    if isinstance(model, Exception):
        raise model
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if weight.path.endswith("host/kernel"):
            weight.assign(KERNEL)
        elif "float" in weight.dtype:
            weight.assign(to_numpy(weight.value) + rng.integers(1, 4, weight.shape) / 8)
    return model


def values(model, x=X):
    return [to_numpy(array) for array in (model(x), *(weight.value for weight in model.weights))]


def off(got, expected):
    """The largest difference of two lists of arrays, as a share of the largest number, or of 1 if that is larger."""
    if [a.shape for a in got] != [b.shape for b in expected]:
        raise ValueError(f"shapes are {[a.shape for a in got]} instead of {[b.shape for b in expected]}")
    pairs = [(a.astype("float64"), b.astype("float64")) for a, b in zip(got, expected, strict=True) if a.size]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)


OPERATIONS = {}


def operation(name, tolerance=0.0):
    """Record what does the operation with all subjects, and yields each with what came of it."""

    def record(run):
        OPERATIONS[name], TOLERANCES[name] = run, tolerance
        return run

    return record


def one_by_one(go):
    """An operation from one on a subject, which returns what was got and, unless that is `values`, expected."""

    def run(subjects):
        for subject in subjects:
            try:
                got = go(subject)
                yield subject, off(*got) if isinstance(got, tuple) else off(got, subject.values)
            except Exception as error:
                yield subject, error

    return run


def compiled_at_once(go):
    """The same of one that returns a function of the input, for JAX to compile with those of all other subjects."""

    def prepared(subject):
        try:
            return go(subject)
        except Exception as error:
            return error  # which `evaluate` raises for this one alone

    def run(subjects):
        result = evaluate({subject: prepared(subject) for subject in subjects}, ops.convert_to_tensor(X))
        for subject in subjects:
            try:
                got, expected = result(subject)
                yield subject, off([to_numpy(got)], [to_numpy(expected)])
            except Exception as error:
                yield subject, error

    return run


@operation("call", FLOAT32)
@one_by_one
def _(subject):
    """The model against the function itself."""
    x, layer = X, subject.model.layers[-1]
    if subject.form == FORMS[0]:
        x = X @ KERNEL + to_numpy(layer.bias.value)
        layer = layer.activation if learned(subject.facts) else built(subject.facts)
    return [subject.values[0]], [to_numpy(subject.facts.function(x, **arguments(subject.facts, layer)))]


# Saving and copying

LOADING = """
import pathlib, sys
import numpy as np
import keras_acts
import keras
x = np.load(sys.argv[1] + "/x.npy")
for path in pathlib.Path(sys.argv[1]).glob("*.keras"):
    try:
        model = keras.saving.load_model(path)
        arrays = [model(x), *(weight.value for weight in model.weights)]
        np.savez(path.with_suffix(".npz"), *map(keras.ops.convert_to_numpy, arrays))
    except Exception as error:
        path.with_suffix(".txt").write_text(f"{type(error).__name__}: {error}", "utf-8")
"""


def loaded_by(backend, subjects):
    """Save each subject, and compare it with what a process loads that knows `import keras_acts` and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", X)
        paths, failed = {}, {}
        for number, subject in enumerate(subjects):
            paths[subject] = Path(folder, f"{number}.keras")
            try:
                subject.model.save(paths[subject])
            except Exception as error:
                failed[subject] = error
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        if BACKEND == "jax":  # compiled alike, or the last bits differ
            environment["JAX_DISABLE_MOST_OPTIMIZATIONS"] = str(native.config.read("jax_disable_most_optimizations"))
        command = [sys.executable, "-c", LOADING, folder]
        child = subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True)
        if child.returncode:
            raise RuntimeError(child.stderr[-3000:])
        for subject, path in paths.items():
            try:
                if subject in failed or not path.with_suffix(".npz").exists():
                    raise failed.get(subject) or RuntimeError(path.with_suffix(".txt").read_text("utf-8"))
                with np.load(path.with_suffix(".npz")) as arrays:
                    yield subject, off(list(arrays.values()), subject.values)
            except Exception as error:
                yield subject, error


operation(".keras, fresh process")(functools.partial(loaded_by, BACKEND))
if OTHERS:
    operation(".keras, other backend", FLOAT32)(functools.partial(loaded_by, OTHERS[0]))


@operation("weights file")
@one_by_one
def _(subject):
    twin = subject.made(trained=False)
    with tempfile.TemporaryDirectory() as folder:
        subject.model.save_weights(f"{folder}/all.weights.h5")
        twin.load_weights(f"{folder}/all.weights.h5")
    return values(twin)


def with_weights_of(model, twin):
    twin.set_weights(model.get_weights())
    return values(twin)


@operation("clone_model")
@one_by_one
def _(subject):
    return with_weights_of(subject.model, keras.models.clone_model(subject.model))


@operation("get_config, from_config")
@one_by_one
def _(subject):
    return with_weights_of(subject.model, keras.models.model_from_json(subject.model.to_json()))


@operation("pickle")
@one_by_one
def _(subject):
    return values(pickle.loads(pickle.dumps(subject.model)))  # noqa: S301


@operation("deepcopy")
@one_by_one
def _(subject):
    return values(copy.deepcopy(subject.model))


# Dtypes


def under(policy, subject):
    """What the activation computes under a policy, against what it computes in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = subject.made(trained=False)
        model.set_weights(subject.model.get_weights())  # where there is float64, initializers draw others
        y = model(ops.cast(X, model.inputs[0].dtype))
        expected = keras.config.dtype_policy().compute_dtype
        if dtype_of(y) != expected:
            raise TypeError(f"the output is {dtype_of(y)} instead of {expected}")
        return [to_numpy(y)], subject.values[:1]
    finally:
        keras.config.set_dtype_policy(before)


operation("mixed_float16", HALF)(one_by_one(functools.partial(under, "mixed_float16")))
operation("mixed_bfloat16", BRAIN)(one_by_one(functools.partial(under, "mixed_bfloat16")))


@operation("float64", FLOAT32)
@one_by_one
def _(subject):
    expected = subject.values  # computed before anything is float64
    with float64():
        return under("float64", subject)[0], expected[:1]


def quantised(subject):
    host = subject.made().layers[-1]
    host.quantize("int8")
    return host


@functools.cache  # quantising takes longer than all that is done with it
def bare():
    """The same Dense as all have in that form, without an activation."""
    return quantised(Subject("linear", FORMS[0]))


@operation("Dense in int8 before it", FLOAT32)
@compiled_at_once
def _(subject):
    dense = bare()
    if subject.form == FORMS[0]:
        model = quantised(subject)
        after = model.activation
    else:
        after = subject.thing
        model = keras.Sequential([dense, after])
    return lambda x: (model(x), after(dense(x)))


# Compilation and transformations


def predicted(jit, subjects):
    """What one compiled model computes that holds all subjects; where it cannot be, what halves of it do."""
    try:
        inputs = keras.Input(SHAPE[1:])
        model = keras.Model(inputs, [subject.model(inputs) for subject in subjects])
        model.compile(jit_compile=jit)
        results = keras.tree.flatten(model.predict(X, batch_size=len(X), verbose=0))
    except Exception as error:
        if len(subjects) == 1:
            yield subjects[0], error
            return
        half = len(subjects) // 2
        yield from predicted(jit, subjects[:half])
        yield from predicted(jit, subjects[half:])
        return
    for subject, result in zip(subjects, results, strict=True):
        yield subject, off([np.asarray(result)], subject.values[:1])


operation("predict, jit_compile=True", FLOAT32)(functools.partial(predicted, True))
operation("predict, jit_compile=False", FLOAT32)(functools.partial(predicted, False))


@operation("keras.remat", FLOAT32)
@compiled_at_once
def _(subject):
    return lambda x: (gradient(keras.remat(subject.thing.__call__))(x), gradient(subject.thing)(x))


def _three(x, axis=0):
    return ops.stack([x, ops.flip(x, 0), ops.flip(x, 1)], axis)


@operation("vmap", FLOAT32)
@compiled_at_once
def _(subject):
    def run(x):
        return subject.thing(x)

    def both(x):
        vmap = native.vmap if BACKEND == "jax" else native.func.vmap if BACKEND == "torch" else None
        many = _three(x)
        got = vmap(run)(many) if vmap else native.vectorized_map(run, many)
        return got, ops.stack([run(many[i]) for i in range(3)])

    return both


# What stands around it


@operation("TimeDistributed", FLOAT32)
@compiled_at_once
def _(subject):
    wrapped = keras.layers.TimeDistributed(subject.thing)

    def both(x):
        steps = _three(x, 1)
        return wrapped(steps), ops.stack([subject.thing(steps[:, i]) for i in range(3)], 1)

    return both


class _Mask(keras.layers.Layer):
    """The mask that reaches it, as numbers."""

    supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            raise ValueError("the mask does not reach the next layer")
        return ops.cast(mask, "float32")


@operation("mask", FLOAT32)
@one_by_one
def _(subject):
    x = X.copy()
    x[0, 2:] = 0.0  # what Masking takes for padding
    inputs = keras.Input(SHAPE[1:])
    apply = subject.facts.function if subject.form == FORMS[1] else subject.thing
    outputs = apply(keras.layers.Masking()(inputs))
    got = keras.Model(inputs, [outputs, _Mask()(outputs)])(x)
    return [to_numpy(array) for array in got], [to_numpy(subject.thing(x)), x.any(-1)]


@operation("sizes unknown when built", FLOAT32)
@one_by_one
def _(subject):
    free = subject.made((None, None, SHAPE[-1]))
    other = np.tile(X, (2, 1, 2, 1))[:3, :3]
    got, expected = values(free) + values(free, other), subject.values + values(subject.made(other.shape[1:]), other)
    return got, expected
