"""The engine: puts the observed training step in place of a model's own, and reads the counts out."""

import dataclasses
import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.monitor import _patches
from keras_acts.monitor._recorder import Call, Gradient, Layout, Recorder, Site, has_activation

Wants = Callable[[Any], bool]
_BACKENDS = ("jax", "tensorflow", "torch")


@functools.cache
def native() -> Any:
    """The module of the active backend."""
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise NotImplementedError(
            f"The monitor counts inside a training step, which the {backend} backend does not have; expected one of "
            f"{_BACKENDS}: set KERAS_BACKEND."
        )
    return importlib.import_module(f"keras_acts.monitor._{backend}")


@dataclasses.dataclass(eq=False)
class Reading:
    """Exact counts of a number of steps.

    Attributes:
        steps: How many steps (batches) they cover.
        columns: For each site its columns, each an array with one entry per unit (`"samples"` and `"places"`: one
            entry in all). Always there: `"samples"`, `"fired"` (samples with a slope that is not zero in at least
            one position), `"nonfinite"` (samples with a NaN or infinity), `"peak"` (largest input of the activation
            in finite samples; NaN where there is none, and where a fused activation hides it, see `Site.is_fused`:
            of a unit that never fired, or that reached a flat top, its output does not tell), `"last"` and `"first"`
            (the step, from 1, in which the unit last and first fired; 0: never), `"first_nonfinite"`. On demand:
            `"active"` of `"places"` positions have a slope that is not zero; `"output"` (sum over positions);
            `"low"`, `"high"` (saturated positions); `"reached"` (samples from which a gradient arrives);
            `"histogram"` (inputs of the activation in each bin, of the first samples of each step).
        gradients: On demand the `Gradient` of each trained weight.
        inputs: Mean and standard deviation of the data, for each layer that it goes into.
    """

    steps: int
    columns: dict[Site, dict[str, np.ndarray]]
    inputs: dict[keras.layers.Layer, tuple[float, float]]
    gradients: list[Gradient]


class Engine:
    """Observes one model's training step.

    Args:
        model: A compiled model, or `None` for a training loop of one's own.

    Attributes:
        extras: Statistics beyond the ones that always come.
        wants: Functions of a layer; it is observed if one of them says so.
        layout: The sites, known after the first step.
        calls: The calls of layers in the step, in order.
        first: The counts of the first step, made with the weights before training.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.extras: frozenset[str] = frozenset()
        self.wants: list[Wants] = []
        self.layout: Layout | None = None
        self.calls: list[Call] = []
        self.first: Reading | None = None
        self.is_fresh = False
        self.original: Any = None
        self.function: Any = None
        self.counters: Any = native().Counters(self)
        self._unobserved: dict[str, str] = {}
        self._is_armed = False
        self._taken: tuple[int, Reading] | None = None
        self._paths: dict[Path, Any] = {}

    @classmethod
    def on(cls, model: Any, former: "Engine | None", extras: frozenset[str], wants: Wants) -> "Engine":
        """The engine for a `fit` that begins: the one that another monitor has just put there, the former, or new."""
        present = getattr(model.train_function, "engine", None)
        if present is not None and present.is_fresh:
            engine = present
        else:
            if present is not None:  # an exception ended the `fit` that it served
                present.detach()
            is_same = former is not None and former.model is model and former.original is model.train_function
            engine = former if is_same and former is not None else cls(model)
        if not extras <= engine.extras or wants not in engine.wants:
            engine.extras |= extras
            engine.wants.append(wants)
            engine.forget()
        engine.start()
        engine.attach()
        return engine

    def forget(self) -> None:
        """Trace the step anew the next time, because something else is to be counted."""
        self.detach()
        self.original = self.layout = None
        self.counters = native().Counters(self)

    # In place of the model's own step

    def attach(self) -> None:
        """Put the observed step in place of the model's own; a no-op when it is there."""
        if self.model.train_function is self.function and self.function is not None:
            return
        if self.model.train_function is None:
            self.model.make_train_function()
        if self.model.train_function is not self.original:
            self.original = self.model.train_function
            self.function = self._guarded(self.original, self.counters.build(self.model))
        self.model.train_function = self.function

    def detach(self) -> None:
        """Give the model its own step back."""
        if self.model.train_function is self.function:
            self.model.train_function = self.original

    def arm(self) -> None:
        """Count in the next call of the step. Whoever calls it without this gets the model's own step."""
        self.attach()
        self._is_armed = True

    def _guarded(self, original: Callable, observed: Callable) -> Callable:
        def train_function(*args):
            if not self._is_armed:  # an exception ended the `fit` that was observed, or this is train_on_batch
                self.detach()
                return original(*args)
            self._is_armed = False
            outputs = observed(*args)
            self._note_first()
            return outputs

        train_function.engine = self  # pyright: ignore[reportFunctionMemberAccess]
        return train_function

    def watch(self, step: Callable, is_compiled: bool) -> Callable:
        """A step of a training loop of one's own that counts what it does."""
        counted = self.counters.wrap(step, is_compiled)

        @functools.wraps(step)
        def watched(*args):
            outputs = counted(*args)
            self._note_first()
            return outputs

        return watched

    def _note_first(self) -> None:
        if self.is_fresh:
            self.is_fresh, self.first = False, self._reading()

    # For the backend's step

    def recording(self, is_compiled: bool, home: Any) -> _patches.Recording:
        """Context in which one step runs or is traced."""
        return _patches.Recording(Recorder(native(), self.extras, self._is_wanted, is_compiled, home))

    def pack(self, recorder: Recorder) -> dict[str, Any]:
        """What the step recorded, in flat vectors."""
        if self.layout is None:
            self.layout = Layout.of(recorder)
            self.calls = recorder.calls
        self._unobserved.update(recorder.unobserved)
        return self.layout.pack(recorder, native().like)

    def _is_wanted(self, layer: Any) -> bool:
        return any(wants(layer) for wants in self.wants)

    # Reading

    def start(self) -> None:
        """Begin to count anew."""
        self.counters.reset()
        self.first, self.is_fresh, self._taken = None, True, None
        self._paths.clear()

    def take(self, epoch: int) -> Reading:
        """The counts of an epoch that ends; every monitor that asks gets the same."""
        if self._taken is None or self._taken[0] != epoch:
            self._taken = epoch, self._reading()
            self.counters.reset()
        return self._taken[1]

    def peek(self) -> Reading:
        """The counts of the epoch so far."""
        return self._reading()

    def _reading(self) -> Reading:
        vectors = self.counters.read()
        if vectors is None or self.layout is None:
            return Reading(0, {}, {}, [])
        return Reading(
            int(vectors["steps"]),
            self.layout.unpack(vectors),
            self.layout.unpack_inputs(vectors),
            self.layout.unpack_gradients(vectors),
        )

    def missing(self) -> dict[str, str]:
        """Layers with an activation that was not counted, and why."""
        missing = dict(self._unobserved)
        if self.model is None:
            return missing
        known = {id(call.layer) for call in self.calls}
        layers = self.model._flatten_layers()
        known |= {id(inner) for layer in layers if isinstance(layer, keras.layers.RNN) for inner in _inside(layer)}
        for layer in layers:
            if id(layer) not in known and has_activation(layer) and self._is_wanted(layer):
                missing[layer.name] = "the training step did not call it, or called it inside a loop"
        return missing

    def free_path(self, owner: Any, path: Path) -> Path:
        """The path, or one beside it where another monitor writes to that one."""
        free, number = path, 1
        while self._paths.setdefault(free, owner) is not owner:
            number += 1
            free = path.with_stem(f"{path.stem}-{number}")
        return free


def _inside(layer: Any) -> list[Any]:
    return layer._flatten_layers(include_self=False)
