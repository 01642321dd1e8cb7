"""What is replaced while a training step is traced, and put back as soon as it is: nothing stays patched.

These places together see every activation that goes through Keras or this package: `Layer.__call__` (which layer is
at work, and its `activation` attribute), the backend's functions that `keras.ops` and `keras.activations` call
however they were imported, and this package's own functions. The optimizer's `apply` sees every gradient.

Threads other than the one that traces pass straight through: each replacement looks for a recorder in its own thread.
"""

import functools
import threading
from typing import Any

import keras
from keras.src import activations as _keras_activations  # the module behind keras.activations, where calls look up
from keras.src import backend as _keras_backend
from keras.src.optimizers import base_optimizer as _base_optimizer

from keras_acts import _core

_FUNCTIONS = (
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "sigmoid",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "tanh",
    "softplus",
    "softsign",
    "squareplus",
    "log_sigmoid",
    "sparse_plus",
    "sparse_sigmoid",
    "soft_shrink",
    "hard_shrink",
    "tanh_shrink",
    "threshold",
)

_local = threading.local()
_lock = threading.RLock()
_users = 0  # replicas trace in threads of their own, not one inside the other
_saved: list[tuple[Any, str, Any]] = []


def current() -> Any:
    """The recorder that is at work in this thread, or `None`."""
    return getattr(_local, "recorder", None)


class Recording:
    """Context in which the calling thread's activations are told to `recorder`."""

    def __init__(self, recorder: Any) -> None:
        self.recorder = recorder

    def __enter__(self) -> Any:
        global _users
        with _lock:
            if _users == 0:
                _install()
            _users += 1
        self.outer, _local.recorder = current(), self.recorder
        return self.recorder

    def __exit__(self, *error: object) -> None:
        global _users
        _local.recorder = self.outer
        with _lock:
            _users -= 1
            if _users == 0:
                while _saved:
                    setattr(*_saved.pop())


def _install() -> None:
    for name in ("__call__", "stateless_call"):  # JAX's training step begins with the latter
        _replace(keras.layers.Layer, name, _listening_layer(getattr(keras.layers.Layer, name)))
    for name in _FUNCTIONS:
        if hasattr(_keras_backend.nn, name):
            _replace(_keras_backend.nn, name, _listening(name, getattr(_keras_backend.nn, name)))
    # These two compute in several steps; the steps are not activations of their own.
    for cls, name in ((_keras_activations.activations.ReLU, "relu"), (_keras_activations.activations.Mish, "mish")):
        _replace(cls, "static_call", staticmethod(_listening(name, cls.static_call)))
    for cls in (_base_optimizer.BaseOptimizer, keras.optimizers.LossScaleOptimizer):
        _replace(cls, "apply", _listening_optimizer(cls.apply))
    # JAX's training step; the one of every other optimizer comes to `apply`.
    stateless = keras.optimizers.LossScaleOptimizer.stateless_apply
    _replace(keras.optimizers.LossScaleOptimizer, "stateless_apply", _listening_scaled_optimizer(stateless))
    _replace(
        _core, "tap", lambda compute, x, *args, **kwargs: _listening(compute.__name__, compute)(x, *args, **kwargs)
    )


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _saved.append((owner, name, owner.__dict__[name]))
    setattr(owner, name, replacement)


def _listening_layer(original: Any) -> Any:
    @functools.wraps(original)
    def call(layer, *args, **kwargs):
        recorder = current()
        if recorder is None or not recorder.listens:
            return original(layer, *args, **kwargs)
        return recorder.call_layer(original, layer, args, kwargs)

    return call


def _listening_optimizer(original: Any) -> Any:
    @functools.wraps(original)
    def apply(optimizer, grads, trainable_variables=None):
        recorder, grads = current(), list(grads)
        if recorder is None:
            return original(optimizer, grads, trainable_variables)
        scale = getattr(optimizer, "dynamic_scale", optimizer.loss_scale_factor)
        variables = None if trainable_variables is None else list(trainable_variables)
        return recorder.call_apply(lambda: original(optimizer, grads, variables), optimizer, grads, scale, variables)

    return apply


def _listening_scaled_optimizer(original: Any) -> Any:
    @functools.wraps(original)
    def stateless_apply(optimizer, optimizer_variables, grads, trainable_variables):
        def call():
            return original(optimizer, optimizer_variables, grads, trainable_variables)

        recorder = current()
        if recorder is None:
            return call()
        values = zip(optimizer.variables, optimizer_variables, strict=True)
        scale = next((value for variable, value in values if variable is optimizer.dynamic_scale), None)
        return recorder.call_apply(call, optimizer, grads, scale, None)

    return stateless_apply


def _listening(name: str, original: Any) -> Any:
    @functools.wraps(original)
    def call(x, *args, **kwargs):
        recorder = current()
        if recorder is None or not recorder.listens or not recorder.is_in_layer:
            return original(x, *args, **kwargs)
        return recorder.call_function(name, original, x, args, kwargs)

    return call
