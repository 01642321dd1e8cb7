"""One activation, some seeds: build the model, train it from each start, and write down what happened."""

import dataclasses
import importlib
import math
import statistics
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_acts.study import _fit
from keras_acts.study._job import Data, Job, Outcome, is_finite
from keras_acts.study._start import Start, weights_made
from keras_acts.study._variants import Fresh, Variant

_CHUNK = 2**30  # bytes of state that may be in memory at once


@dataclasses.dataclass(frozen=True)
class Plan:
    """What every run of a study has in common; it can be pickled, so that another process can do a part.

    Attributes:
        build: Makes a model around an activation.
        data: `(x, y)`, `(x, y, x_val, y_val)`, or a function that returns one of these.
        epochs: Epochs per run.
        batch_size: Samples per step.
        compile: Arguments of `model.compile`, a function that compiles a model, or `None`.
        backend: The Keras backend that all runs use.
    """

    build: Callable[[Any], keras.Model]
    data: Any
    epochs: int
    batch_size: int
    compile: Any
    backend: str

    def load(self) -> Data:
        """The data as arrays in the dtypes that training uses."""
        data = self.data() if callable(self.data) else self.data
        if not (isinstance(data, (tuple, list)) and len(data) in (2, 4)):
            raise ValueError(
                "compare expected `data` as (x, y) or (x, y, x_val, y_val), or a function that returns that, got "
                f"{type(data).__name__}" + (f" of {len(data)} items." if isinstance(data, (tuple, list)) else ".")
            )
        arrays = [keras.tree.map_structure(_array, part) for part in data]
        for x, y in zip(arrays[::2], arrays[1::2], strict=True):
            sizes = {len(array) for array in keras.tree.flatten((x, y))}
            if len(sizes) != 1 or 0 in sizes:
                raise ValueError(
                    f"compare expected inputs and targets with the same number of samples, got {sorted(sizes)}; check "
                    "the order in `data`: (x, y, x_val, y_val)."
                )
        return Data(*arrays)


def _array(values: Any) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim == 0:
        raise ValueError(
            "compare expected `data` to hold NumPy arrays, got single numbers; convert lists with `np.asarray`."
        )
    return values.astype(keras.config.floatx()) if values.dtype.kind == "f" else values


def native() -> Any:
    """The module with the compiled training of the active backend, or `None`."""
    backend = keras.backend.backend()
    return importlib.import_module(f"keras_acts.study._{backend}") if backend in ("jax", "tensorflow") else None


def prepare(plan: Plan, variant: Variant, data: Data) -> tuple[keras.Model, Start]:
    """Build and compile the model of one variant, with all its state made.

    Raises:
        TypeError: `build` returned no model.
        ValueError: The model is not compiled and `compile` says nothing.
    """
    fresh = Fresh(variant)
    with weights_made() as made:
        model = plan.build(fresh)
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"compare expected `build` to return a keras.Model, got {type(model).__name__}; end it with "
                "`return model`."
            )
        if callable(plan.compile):
            plan.compile(model)
        elif plan.compile is not None:
            model.compile(**_fresh(plan.compile))
        if not model.compiled:
            raise ValueError(
                "compare expected a compiled model, got one that is not; pass `compile=dict(optimizer=..., loss=..., "
                "metrics=[...])` or compile it inside `build`."
            )
        batch = keras.tree.map_structure(lambda array: array[: plan.batch_size], data.training)
        # What `fit` does first: makes the weights of the model, of its metrics and of its optimizer.
        model._symbolic_build(data_batch=batch)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    _ = variant.steepest  # measured now, because it cannot be inside a trace
    gain = variant.own_gain if variant.gain == "activation" else variant.gain
    return model, Start(model, made, fresh, None if gain is None else float(gain))


def _fresh(settings: Any) -> Any:
    """Copies of optimizers and metrics, which belong to one model each."""
    if isinstance(settings, (keras.optimizers.Optimizer, keras.metrics.Metric)):
        return type(settings).from_config(settings.get_config())
    if isinstance(settings, Mapping):
        return {key: _fresh(value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [_fresh(value) for value in settings]
    return settings


def fitting_chunk(start: Start) -> int:
    """How many seeds of a model fit into memory together."""
    size = sum(math.prod(variable.shape) * 4 for variable in start.variables)
    return max(1, int(_CHUNK // (3 * size + 1)))


def train(
    plan: Plan, variant: Variant, seeds: Sequence[int], tick: Callable[[int], None], chunk: int | None = None
) -> Iterator[dict[str, Any]]:
    """Train one variant from each seed; give a record of each run as soon as it is over, plain data for JSON."""
    if keras.backend.backend() != plan.backend:
        raise RuntimeError(
            f"A study on the {plan.backend} backend got a worker on {keras.backend.backend()}; start workers with the "
            f"environment variable KERAS_BACKEND={plan.backend}."
        )
    data = plan.load()
    model, start = prepare(plan, variant, data)
    job = Job(model, start, data, plan.epochs, plan.batch_size)
    width = min(chunk or fitting_chunk(start), len(seeds))
    left = list(seeds)
    reason = _obstacle(model)
    ticks = 0

    def counted(epochs: int) -> None:
        nonlocal ticks
        ticks += epochs
        tick(epochs)

    if not reason:
        try:
            program = native().Program(job, width)
            while left:
                for outcome in program.train(left[:width], counted):
                    yield _record(plan, variant, job, left.pop(0), outcome, "compiled")
            return
        except native().UNTRACEABLE as error:
            # It may still train step by step; a mistake in the model comes up again there, in Keras's own words.
            reason = f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"
        tick((len(seeds) - len(left)) * plan.epochs - ticks)
        model, start = prepare(plan, variant, data)  # the failed trace may have left its marks
        job = dataclasses.replace(job, model=model, start=start)
    if native():
        warnings.warn(f"{variant.label} is trained with model.fit, one seed after the other: {reason}", stacklevel=2)
    for seed, outcome in zip(left, _fit.train(job, left, tick), strict=True):
        yield _record(plan, variant, job, seed, outcome, "fit")


def _obstacle(model: keras.Model) -> str:
    """Why a whole epoch of this model cannot be compiled, or nothing."""
    if native() is None:
        return f"the {keras.backend.backend()} backend has no compiled study"
    if model.run_eagerly:
        return "the model is compiled with run_eagerly=True"
    if keras.distribution.distribution() is not None:
        return "a keras.distribution is set"
    return ""


def _record(plan: Plan, variant: Variant, job: Job, seed: int, outcome: Outcome, how: str) -> dict[str, Any]:
    healthy = next((e for e, logs in enumerate(outcome.logs) if not is_finite(logs)), len(outcome.logs))
    curves = {name: [logs[name] for logs in outcome.logs[:healthy]] for name in outcome.logs[0]} if outcome.logs else {}
    diverged = healthy < plan.epochs
    return {
        **variant.settings(),
        "seed": int(seed),
        "status": "diverged" if diverged else "finished",
        "epochs": healthy,
        "curves": curves,
        "before": outcome.before,
        "after": None if diverged else outcome.after,
        # The median leaves out the epoch that includes compiling.
        "seconds": statistics.median(outcome.epoch_seconds) * plan.epochs,
        "weights": int(job.model.count_params()),
        "steps": plan.epochs * math.ceil(job.data.samples / plan.batch_size),
        "how": how,
        "backend": plan.backend,
    }
