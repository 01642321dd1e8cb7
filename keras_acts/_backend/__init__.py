"""What `keras.ops` cannot say, in one small module per backend.

`keras.ops.custom_gradient` has no forward mode on JAX, gives a wrong second derivative on torch, and does not
reduce the gradient of a broadcast argument. The three modules here say the same thing in each backend's own
words; the active one is imported on first use, never the others.
"""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import keras

from keras_acts._backend import polynomials

_NATIVE = ("jax", "tensorflow", "torch")


@functools.cache
def _native() -> Any:
    backend = keras.backend.backend()
    return importlib.import_module(f"keras_acts._backend.{backend}") if backend in _NATIVE else None


def with_slope(
    value: Callable[..., Any],
    partials: Callable[..., tuple[Any, ...]] | None,
    of_output: Callable[[Any], Any] | None = None,
) -> Callable[..., Any]:
    """Make a function of tensors whose derivatives are given instead of traced.

    Args:
        value: Function of one or more tensors that broadcast against each other; returns one tensor.
        partials: Function of the same tensors; returns a tuple with the derivative with respect to each. `None`
            where tracing them is exact.
        of_output: For one tensor alone, its derivative as a function of what `value` returned. The tensor itself
            is then not kept for the way back: one less for each layer.

    Returns:
        A function of the same tensors. On a backend without a module here, `value` itself: its derivative is
        then the one that the backend traces.
    """
    native = _native()
    return value if native is None else native.with_slope(value, partials, of_output)


def is_fused(x: Any) -> bool:
    """Whether elementwise operations on this tensor become one pass over the memory; known for float32 under XLA."""
    return keras.ops.is_tensor(x) and getattr(_native(), "is_fused", lambda x: False)(x)


def expm1(x: Any) -> Any:
    """`exp(x) - 1` without cancellation."""
    return polynomials.expm1(x) if is_fused(x) else keras.ops.expm1(x)


def softplus_tail(x: Any) -> Any:
    """`log(1 + exp(-|x|))`: what softplus has beyond the larger of `x` and 0."""
    return polynomials.softplus_tail(x) if is_fused(x) else keras.ops.log1p(keras.ops.exp(-keras.ops.abs(x)))


def erfc(x: Any) -> Any:
    """Complementary error function, which `keras.ops` has only in its newest versions."""
    native = _native()
    return keras.ops.erfc(x) if native is None else native.erfc(x)


def sin(x: Any) -> Any:
    """Sine of a tensor: `keras.ops.sin`, except where that takes far longer than it has to."""
    return getattr(_native(), "sin", keras.ops.sin)(x)


def cos(x: Any) -> Any:
    """Cosine of a tensor, the same way."""
    return getattr(_native(), "cos", keras.ops.cos)(x)


def sin_cos(x: Any) -> tuple[Any, Any]:
    """Both, in less than twice the time."""
    return getattr(_native(), "sin_cos", lambda x: (keras.ops.sin(x), keras.ops.cos(x)))(x)


def arctan(x: Any) -> Any:
    """Arctangent of a tensor, the same way."""
    return getattr(_native(), "arctan", keras.ops.arctan)(x)


def compilers() -> dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """How a function of tensors can run on the active backend, by name: `"eager"`, `"graph"`, `"jit"`, ..."""
    return getattr(_native(), "compilers", {})


def with_gradients(fn: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """Turn a function of tensors into one that returns its value and, for each tensor, the gradient.

    The gradient is of the value's sum, or, where the keyword `upstream` gives a tensor of the value's shape, of the
    sum of their products.
    """
    return _native().with_gradients(fn)


def wait(results: Any) -> None:
    """Return when the tensors have been computed."""
    _native().wait(results)


def own(name: str) -> Callable[..., Any] | None:
    """What the active backend itself offers as the activation of that name; known for PyTorch alone."""
    return getattr(_native(), "own", {}).get(name)
