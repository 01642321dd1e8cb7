"""What every callback on the engine does: count in each training step, and look at the counts when an epoch ends."""

from collections.abc import Collection
from typing import Any

import keras

from keras_acts.monitor._engine import Engine, Reading


class Watcher(keras.callbacks.Callback):
    """Abstract callback that counts inside the compiled training step.

    Several of them in one `fit` share one engine: the step counts all that they ask for, once.

    Args:
        extras: Statistics beyond the ones that always come, see `Reading`.

    Attributes:
        unobserved: Layers whose activation cannot be counted, and why.
    """

    def __init__(self, extras: Collection[str] = ()) -> None:
        super().__init__()
        self.extras = frozenset(extras)
        self.unobserved: dict[str, str] = {}
        self._engine: Engine | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None, "_model": None}

    def _wants(self, layer: keras.layers.Layer) -> bool:
        return True

    def see(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> None:
        """Judge the counts of an epoch."""
        raise NotImplementedError

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the observed step in place of the model's own."""
        self._engine = Engine.on(self._model, self._engine, self.extras, self._wants)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count in the step that comes now."""
        # `self.model` would bring the whole state back from the device.
        if self._engine is not None:
            self._engine.arm()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read the counts, note and tell what they say."""
        if self._engine is not None:
            reading = self._engine.take(epoch)
            self.unobserved = self._engine.missing()
            _ = self._model is None or self.model  # brings the weights back from the device
            self.see(epoch, reading, {} if logs is None else logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Give the model its own step back."""
        if self._engine is not None:
            self._engine.detach()
