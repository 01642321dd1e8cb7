"""What a converter is given while Keras exports a model: no slopes of its own, and operations that every format has.

An exported model computes values only, and some of the operations that keep the last digits are unknown outside the
backends: ONNX converters write invalid graphs for `expm1`, `log1p` and `erfc`, LiteRT has no `erf`, `arctan` or
`arcsinh`, and TensorFlow cannot run some that JAX writes into a SavedModel. Each stands here in other words.
"""

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_acts import _backend, _core
from keras_acts._backend import polynomials
from keras_acts._core import Tensor

_LOG_2 = math.log(2.0)
# erf(x) / x on [-4, 4] as the quotient of two polynomials in x**2, as in XLA.
_ERF_ABOVE = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05)
_ERF_ABOVE += (-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02)
_ERF_BELOW = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03)
_ERF_BELOW += (-1.42647390514189e-02,)


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    return functools.reduce(lambda total, coefficient: total * x + coefficient, coefficients[1:], coefficients[0])


def _expm1(x: Tensor) -> Tensor:
    # Above 1 nothing cancels, and the quotient would overflow where exp(x) does not.
    half = ops.tanh(0.5 * ops.minimum(x, 1.0))
    return ops.where(x > 1.0, ops.exp(x) - 1.0, 2.0 * half / (1.0 - half))


def _log1p(x: Tensor) -> Tensor:
    # What rounding 1 + x took away is put back as a factor, which is 1 where x is large.
    near = ops.minimum(x, 1.0)
    rounded = 1.0 + near
    kept = rounded - 1.0
    is_lost = ops.abs(kept) < 1e-30
    scaled = ops.log(rounded) * (near / ops.where(is_lost, ops.ones_like(kept), kept))
    return ops.where(x > 1.0, ops.log(1.0 + x), ops.where(is_lost, near, scaled))


def _erf(x: Tensor) -> Tensor:
    x = ops.clip(x, -4.0, 4.0)
    return x * _polynomial(_ERF_ABOVE, x * x) / _polynomial(_ERF_BELOW, x * x)


def _arcsinh(x: Tensor) -> Tensor:
    size = ops.abs(x)
    near = ops.minimum(size, 1e6)  # its square does not overflow
    y = _log1p(near + near * near / (1.0 + ops.sqrt(near * near + 1.0)))
    y = ops.where(size > 1e6, ops.log(size) + _LOG_2, y)
    return ops.where(x < 0, -y, y)


def _sin_cos(x: Tensor) -> tuple[Tensor, Tensor]:
    return ops.sin(x), ops.cos(x)


_PLAIN = {
    "arcsinh": _arcsinh,
    "arctan": lambda x: ops.arctan2(x, ops.ones_like(x)),
    "cosh": lambda x: 0.5 * (ops.exp(x) + ops.exp(-x)),
    "erf": _erf,
    "expm1": _expm1,
    "log1p": _log1p,
}


_where = ops.where


def _choice(condition: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    # tf2onnx writes `where` as a sum of products with 0 and 1, which makes NaN of an infinity that was not chosen. It
    # does not where the condition asks for NaN or a branch is a constant one.
    return _where(ops.isnan(_where(condition, math.nan, 0.0)), x1, x2)


def _while_loop(cond: Any, body: Any, loop_vars: tuple, maximum_iterations: int) -> tuple:
    # torch.export writes no loop whose end depends on the data; rounds beyond it change nothing.
    for _ in range(maximum_iterations):
        loop_vars = body(*loop_vars)
    return loop_vars


@contextlib.contextmanager
def _changed(owner: Any, **values: Any) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


@contextlib.contextmanager
def plain(operations: bool = True, **others: Any) -> Iterator[None]:
    """Within it activations have no slopes of their own and use the operations above, if so told, and the others."""
    with contextlib.ExitStack() as changes:
        changes.enter_context(_changed(_core, exporting=True))
        if operations:
            changes.enter_context(_changed(ops, **_PLAIN))
            changes.enter_context(
                _changed(_backend, erfc=polynomials.erfc, sin=ops.sin, cos=ops.cos, sin_cos=_sin_cos, arctan=ops.arctan)
            )
        changes.enter_context(_changed(ops, **others))
        yield


# What else is changed on the way from a backend to a format. What the backend itself runs needs no plain operations.
_OTHERS = {("tensorflow", "onnx"): {"where": _choice}, ("torch", "torch"): {"while_loop": _while_loop}}
_OWN = {("tensorflow", "tf_saved_model"), ("torch", "torch")}


def install() -> None:
    """From now on, `model.export` gives the converters what they know."""
    export = keras.Model.export

    @functools.wraps(export)
    def _export(self: keras.Model, filepath: Any, format: str = "tf_saved_model", *args: Any, **kwargs: Any) -> Any:
        way = keras.backend.backend(), format
        with plain(operations=way not in _OWN, **_OTHERS.get(way, {})):
            return export(self, filepath, format, *args, **kwargs)

    keras.Model.export = _export
