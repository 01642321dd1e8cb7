"""What the modules that train have in common: the data, the job, and what comes out of a run."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_acts.study._start import Start

_PROBE = 256  # samples that the health of a network is read from
_SMALL = 2**22  # bytes of validation inputs that go through the model at once


@dataclasses.dataclass(frozen=True)
class Data:
    """Arrays, or nested structures of arrays, with the samples along the first axis."""

    x: Any
    y: Any
    x_val: Any = None
    y_val: Any = None

    @property
    def samples(self) -> int:
        """Number of training samples."""
        return len(keras.tree.flatten(self.x)[0])

    @property
    def training(self) -> tuple[Any, Any]:
        """Inputs and targets to train on."""
        return self.x, self.y

    @property
    def validation(self) -> tuple[Any, Any] | None:
        """Inputs and targets to judge by, if there are any."""
        return None if self.x_val is None else (self.x_val, self.y_val)


def order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order in which a run meets the samples in an epoch: the same for every activation and backend."""
    return np.random.default_rng([seed, epoch, 7]).permutation(samples).astype("int32")


@dataclasses.dataclass(frozen=True)
class Job:
    """A model that is ready to train, and all that its training needs.

    Attributes:
        model: Built and compiled.
        start: Draws the state that a seed starts from.
        data: What it is trained and judged on.
        epochs: Epochs per run.
        batch_size: Samples per step.
    """

    model: keras.Model
    start: Start
    data: Data
    epochs: int
    batch_size: int

    @property
    def validation_batch(self) -> int:
        """Samples per step of validation: all where they are small, which saves compiling a step for the rest."""
        arrays = keras.tree.flatten(self.data.x_val)
        return len(arrays[0]) if sum(array.nbytes for array in arrays) <= _SMALL else self.batch_size

    def probe(self) -> tuple[Any, Any]:
        """The samples that the health of a network is read from."""
        return keras.tree.map_structure(lambda array: array[:_PROBE], self.data.training)


@dataclasses.dataclass
class Outcome:
    """What one run gave: its logs per epoch, its health before and after, and the seconds each epoch took."""

    logs: list[dict[str, float]]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    epoch_seconds: list[float]


def clock() -> Callable[[], float]:
    """A function that returns the seconds since it was last called."""
    last = time.perf_counter()

    def since() -> float:
        nonlocal last
        before, last = last, time.perf_counter()
        return last - before

    return since


def is_finite(logs: Mapping[str, float]) -> bool:
    """Whether a run had not diverged by the end of an epoch."""
    return all(math.isfinite(logs[name]) for name in ("loss", "val_loss") if name in logs)


def all_diverged(logs: Sequence[Mapping[str, float]]) -> bool:
    """Whether no run of these is still worth an epoch."""
    return not any(is_finite(each) for each in logs)
