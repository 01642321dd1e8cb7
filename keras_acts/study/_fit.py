"""Training by `model.fit`, one seed after the other: slower, and works wherever Keras does."""

import contextlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from keras_acts.study._job import Job, Outcome, all_diverged, clock, order


def train(job: Job, seeds: Sequence[int], tick: Callable[[int], None]) -> Iterator[Outcome]:
    """Train from each seed; gives each outcome as soon as it is there."""
    backend = keras.backend.backend()
    known = (
        importlib.import_module(f"keras_acts.study._{backend}") if backend in ("jax", "tensorflow", "torch") else None
    )
    health_of = getattr(known, "health_of", lambda job: None)
    randomness = getattr(known, "randomness", contextlib.nullcontext)
    for seed in seeds:
        with randomness(seed):
            outcome = _train(job, seed, tick, health_of)
        yield outcome


def _train(job: Job, seed: int, tick: Callable[[int], None], health_of: Callable[[Job], Any]) -> Outcome:
    job.start.assign(seed)
    before = health_of(job)
    validation = {}
    if job.data.validation is not None:
        validation = {"validation_data": job.data.validation, "validation_batch_size": job.validation_batch}
    watch = _Watch(job.epochs, tick)
    # One stream of batches through all epochs: Keras would shuffle arrays in an order of its own.
    job.model.fit(
        _batches(job, seed),
        epochs=job.epochs,
        steps_per_epoch=-(-job.data.samples // job.batch_size),
        shuffle=False,
        verbose=0,
        callbacks=[watch],
        **validation,
    )
    return Outcome(watch.logs, before, health_of(job), watch.seconds)


def _batches(job: Job, seed: int) -> Iterator[Any]:
    for epoch in range(job.epochs):
        places = order(seed, epoch, job.data.samples)
        for first in range(0, len(places), job.batch_size):
            rows = places[first : first + job.batch_size]
            yield keras.tree.map_structure(lambda array, rows=rows: array[rows], job.data.training)


class _Watch(keras.callbacks.Callback):
    def __init__(self, epochs: int, tick: Callable[[int], None]) -> None:
        super().__init__()
        self.epochs, self.tick, self.logs, self.seconds = epochs, tick, [], []
        self.since = clock()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.logs.append({name: float(value) for name, value in (logs or {}).items()})
        self.seconds.append(self.since())
        self.tick(1)
        if all_diverged(self.logs[-1:]):
            self.model.stop_training = True
            self.tick(self.epochs - epoch - 1)
