"""`compare`: plans a study, does what is missing of it here or on an executor, and returns the result."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.study._executors import spread
from keras_acts.study._folder import Folder
from keras_acts.study._progress import Progress
from keras_acts.study._result import Study
from keras_acts.study._training import Plan, prepare, train
from keras_acts.study._variants import Swap, Variant, variants

_WAIT = 1.0  # seconds between two looks at what another process has finished


def compare(
    build: Callable[[Any], keras.Model] | keras.Model,
    activations: Any,
    data: Any,
    *,
    epochs: int,
    seeds: int | Iterable[int] = 10,
    batch_size: int = 32,
    compile: Mapping[str, Any] | Callable[[keras.Model], None] | None = None,
    gain: Any = None,
    metric: str | None = None,
    mode: str = "auto",
    baseline: str | None = None,
    directory: str | os.PathLike | None = None,
    executor: Any = None,
    seeds_at_once: int | None = None,
    verbose: int = 1,
) -> Study:
    """Train one architecture with many activations from the same starts, and say what difference was shown.

    For one seed, every activation starts from the same weights and meets the samples in the same order, on every
    backend; random weights are drawn with NumPy from the seed and the initialiser's own distribution. So differences
    between activations are paired over seeds. An epoch is compiled as one program and used for all seeds; a model
    that cannot be compiled so is trained with `model.fit` instead, and a warning says why.

    Args:
        build: Called with an activation, returns a Keras model. `activation()` is a new layer; `activation(x)`
            applies a new layer to a symbolic tensor; an activation without weights can also be given to
            `Dense(activation=activation)`. It has a `name` and a `gain`. Or a built model: its hidden activations are
            exchanged in copies, and every run starts from its weights, so that seeds differ in the order of samples.
        activations: Names, `(name, parameters)` pairs, functions, layers or layer classes; or a dict that names them.
        data: `(x, y)` or `(x, y, x_val, y_val)`, arrays or nested structures of arrays with the samples along the
            first axis; or a function without arguments that returns that, which is what other processes are then sent.
        epochs: Epochs of every run.
        seeds: Number of runs per activation, or the seeds themselves.
        batch_size: Samples per step.
        compile: Arguments of `model.compile`, or a function that compiles a model; `None` if `build` does it.
        gain: `None` keeps the initialisers that `build` chose. `"activation"` draws every kernel outside the
            activations from a normal distribution of variance `gain^2 / fan_in` with the activation's own gain, which
            keeps the signal's scale; a number uses that gain. A list of these is a factor of the study: each
            activation is trained with each.
        metric: What the study is judged by; `None` takes the first metric of validation, or the loss.
        mode: `"max"`, `"min"` or `"auto"`: whether larger is better.
        baseline: Activation that the others are compared with; `None` takes the first.
        directory: Folder that keeps every finished run at once. A study that was stopped goes on from there, more
            activations or seeds can be added, and several processes can work on it together.
        executor: `None` trains here. A number starts as many processes; or any executor with `submit`, such as a
            `ProcessPoolExecutor` that spawns or `keras_acts.study.RayExecutor()`; or a function that makes one, which
            is called again should it break. Results are the same bit for bit.
        seeds_at_once: Seeds that are trained together; `None` takes as many as fit into a gigabyte. With an executor,
            the seeds of one task.
        verbose: 0 shows nothing.

    Returns:
        The `Study`: print it, or ask it for tables and figures.

    Raises:
        ValueError: An activation is unknown or named twice, the data do not fit together, the model is not compiled,
            or `directory` holds another study.
        TypeError: An argument is of the wrong type.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(64, 4)).astype("float32")
        >>> def build(activation):
        ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), activation(), keras.layers.Dense(1)])
        >>> study = keras_acts.compare(
        ...     build, ["relu", "tanh"], (x, x[:, 0] * x[:, 1]), epochs=2, seeds=2,
        ...     compile={"optimizer": "sgd", "loss": "mse"}, verbose=0,
        ... )
        >>> [(run["label"], run["seed"], run["status"]) for run in study.runs][-1]
        ('tanh', 1, 'finished')
    """
    if not callable(build):
        raise TypeError(
            f"compare expected `build` as a function that takes an activation and returns a model, got "
            f"{type(build).__name__}; wrap it: `def build(activation): ...`."
        )
    if isinstance(build, keras.Model):
        build = Swap(build)
    chosen = variants(activations, gain)
    runs = _seeds(seeds)
    for name, value in {"epochs": epochs, "batch_size": batch_size, "seeds_at_once": seeds_at_once}.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise ValueError(f"compare: `{name}` must be an integer from 1, got {value!r}.")
    plan = Plan(build, data, epochs, batch_size, compile, keras.backend.backend())
    folder = Folder(directory)
    if directory is not None:
        folder.open(_description(plan))
    have = sum(folder.run(variant, seed) is not None for variant in chosen for seed in runs)
    with Progress(len(chosen) * len(runs) * epochs, have * epochs, verbose) as progress:
        left = chosen
        while left:
            left = _do(plan, folder, left, runs, executor, seeds_at_once, progress)
            if left:
                time.sleep(_WAIT)  # another process is at work on them
    found = [folder.run(variant, seed) for variant in chosen for seed in runs]
    return Study([record for record in found if record], metric=metric, mode=mode, baseline=baseline)


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    runs = list(range(seeds)) if isinstance(seeds, (int, np.integer)) else [int(seed) for seed in seeds]
    if not runs or min(runs) < 0 or len(set(runs)) < len(runs):
        raise ValueError(
            f"compare expected `seeds` as a positive number, or different integers that are not negative, got "
            f"{seeds!r}; pass 10."
        )
    return runs


def _do(
    plan: Plan,
    folder: Folder,
    chosen: Sequence[Variant],
    seeds: Sequence[int],
    executor: Any,
    chunk: int | None,
    progress: Progress,
) -> list[Variant]:
    """Train what is missing and nobody else is at work on; return the variants that others are at work on."""
    taken: list[Variant] = []

    def missing(variant: Variant) -> list[int]:
        return [seed for seed in seeds if folder.run(variant, seed) is None]

    def done(variant: Variant) -> None:
        if not missing(variant):
            progress.finished(variant.label, [record for s in seeds if (record := folder.run(variant, s))])

    if executor is None:
        for variant in chosen:
            with folder.claim(variant) as mine:
                if not mine:
                    taken.append(variant)
                elif wanted := missing(variant):
                    progress.at(variant.label)
                    for record in train(plan, variant, wanted, progress.tick, chunk):
                        folder.save(variant, record)
                    done(variant)
        return taken

    with contextlib.ExitStack() as claims:
        tasks = []
        where = None if folder.path is None else str(folder.path.resolve())
        for variant in chosen:
            if not claims.enter_context(folder.claim(variant)):
                taken.append(variant)
                continue
            wanted = missing(variant)
            step = chunk or max(1, len(wanted))
            parts = [wanted[first : first + step] for first in range(0, len(wanted), step)]
            tasks += [(plan, variant, part, chunk, where) for part in parts]

        def finished(task: tuple[Any, ...], records: list[dict[str, Any]]) -> None:
            for record in records:
                folder.save(task[1], record)
                progress.tick(plan.epochs)
            done(task[1])

        if tasks:
            spread(tasks, do_task, executor, finished)
    return taken


def do_task(plan: Plan, variant: Variant, seeds: Sequence[int], chunk: int | None, where: str | None) -> list[Any]:
    """What a worker does: train some seeds of a variant, keeping each run at once where the folder is within reach."""
    folder = Folder(where if where and Path(where, "study.json").exists() else None)
    wanted = [seed for seed in seeds if folder.run(variant, seed) is None]
    for record in train(plan, variant, wanted, lambda epochs: None, chunk) if wanted else ():
        folder.save(variant, record)
    return [folder.run(variant, seed) for seed in seeds]


def _description(plan: Plan) -> dict[str, Any]:
    """What must be the same for runs to belong to one study; activations and seeds may be added."""
    data = plan.load()
    model, start = prepare(plan, Variant("linear", "linear", {}), data)
    layers = [type(layer).__name__ for layer in model._flatten_layers()]
    shapes = [list(variable.shape) for variable in start.variables]
    optimizer = {**model.optimizer.get_config(), "name": ""}  # Keras counts the optimizers of a process in their names
    parts = [layers, shapes, type(model.optimizer).__name__, optimizer, getattr(model, "loss", None)]
    parts += [plan.build.digest] if isinstance(plan.build, Swap) else []
    text = json.dumps(parts, default=lambda thing: getattr(thing, "__qualname__", type(thing).__qualname__))
    digest = hashlib.sha256()
    for array in keras.tree.flatten([data.training, data.validation or ()]):
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(array.tobytes())
    return {
        "epochs": plan.epochs,
        "batch size": plan.batch_size,
        "backend": plan.backend,
        "model": hashlib.sha256(text.encode()).hexdigest()[:16],
        "data": digest.hexdigest()[:16],
    }
