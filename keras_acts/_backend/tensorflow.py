"""TensorFlow: a custom gradient that reduces each derivative to the shape of its broadcast argument."""

import tensorflow as tf
from tensorflow.compiler.tf2xla.ops import gen_xla_ops
from tensorflow.python.ops import control_flow_util

from keras_acts._backend import polynomials


def _is_for_xla():
    if tf.executing_eagerly():
        return False
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def is_fused(x):
    """Whether this is traced for XLA, and not for TensorFlow's own kernels, which make a pass per operation."""
    return x.dtype == tf.float32 and _is_for_xla()


def erfc(x):
    return polynomials.erfc(x) if is_fused(x) else tf.math.erfc(x)


def _wave(x, quick, library):
    if not is_fused(x):
        return library(x)
    y, is_huge = quick(x), polynomials.is_huge(x)
    return tf.cond(tf.reduce_any(is_huge), lambda: tf.where(is_huge, library(x), y), lambda: y)


def sin(x):
    return _wave(x, polynomials.sin, tf.sin)


def cos(x):
    return _wave(x, polynomials.cos, tf.cos)


def sin_cos(x):
    if not is_fused(x):
        return tf.sin(x), tf.cos(x)
    # One case distinction for both: each writes its result to memory.
    y, z, is_huge = polynomials.sin(x), polynomials.cos(x), polynomials.is_huge(x)
    return tf.cond(
        tf.reduce_any(is_huge),
        lambda: (tf.where(is_huge, tf.sin(x), y), tf.where(is_huge, tf.cos(x), z)),
        lambda: (y, z),
    )


def arctan(x):
    return polynomials.arctan(x) if is_fused(x) else tf.atan(x)


def _sum_to(gradient, tensor):
    if gradient.shape.is_fully_defined() and gradient.shape == tensor.shape:
        return gradient
    shape = tf.shape(tensor)
    axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=shape, s1=tf.shape(gradient))
    return tf.reshape(tf.reduce_sum(gradient, axes), shape)


@tf.custom_gradient
def _held(tensor):
    return gen_xla_ops.xla_optimization_barrier([tensor])[0], lambda upstream: upstream


# From so many elements on, one pass over the memory saves more than calling a compiled function costs.
_WORTHWHILE = 2**19


_FREE = {"Placeholder", "Const", "Identity", "NoOp"}
_FEW, _FEW_WITH_A_WAVE = 2, 4  # operations: as many passes cost no more. Exact sines are slow under XLA
_SLOW = {"Asinh"}  # kernels that take longer than many passes


def _is_better_fused(fn, tensors):
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    graph = tf.function(fn, autograph=False).get_concrete_function(*specs).graph
    kinds = [operation.type for operation in graph.get_operations() if operation.type not in _FREE]
    few = _FEW_WITH_A_WAVE if {"Sin", "Cos"}.intersection(kinds) else _FEW
    return len(kinds) > few or bool(_SLOW.intersection(kinds))


def _island(fn):
    """`fn` compiled by XLA on its own where the graph around it is not, and the tensor is large.

    TensorFlow's own kernels make a pass over the memory for each operation. XLA compiles anew for each shape, so this
    is for shapes of which nothing but the batch is unknown.
    """
    compiled = tf.function(fn, jit_compile=True, autograph=False)
    is_better_fused = None

    def run(x, *others):
        nonlocal is_better_fused
        shape = x.shape
        if tf.executing_eagerly() or _is_for_xla() or not shape.rank or not shape[1:].is_fully_defined():
            return fn(x, *others)
        if is_better_fused is None:
            is_better_fused = _is_better_fused(fn, (x, *others))
        if not is_better_fused:
            return fn(x, *others)
        if shape[0] is not None:
            return (compiled if shape.num_elements() >= _WORTHWHILE else fn)(x, *others)
        return tf.cond(tf.size(x) >= _WORTHWHILE, lambda: compiled(x, *others), lambda: fn(x, *others))

    return run


def with_slope(value, partials, of_output=None):
    def products(slopes):
        def run(*kept_and_upstream):
            *kept, upstream = kept_and_upstream
            # XLA would share exponentials with the value, by writing them to memory; behind the barrier it does not.
            return [upstream * part for part in slopes(*(map(_held, kept) if _is_for_xla() else kept))]

        return _island(run)

    value_of = _island(value)
    if partials:
        products_of = products(partials)

        @tf.custom_gradient
        def curve(*tensors):
            def backward(upstream):
                gradients = products_of(*tensors, upstream)
                return [_sum_to(gradient, tensor) for gradient, tensor in zip(gradients, tensors, strict=True)]

            return value_of(*tensors), backward

    else:
        curve = value_of
    if not of_output:
        return curve
    product_of = products(lambda y: (of_output(y),))

    @tf.custom_gradient
    def curve_that_keeps_its_output(x):
        y = curve(x)  # with its own slope, which is what the second derivative is taken of
        return y, lambda upstream: product_of(y, upstream)

    def run(x):
        # Eagerly the tape keeps the input all the same; outside XLA expm1 is too inexact for slopes that need it.
        saves = is_fused(x) or not (partials or tf.executing_eagerly())
        return (curve_that_keeps_its_output if saves else curve)(x)

    return run


def with_gradients(fn):
    def both(*tensors, upstream=None):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = fn(*tensors)
        return value, *tape.gradient(value, tensors, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return both


def wait(results):
    """Nothing to wait for: on a processor, what TensorFlow returns has been computed."""


compilers = {
    "eager": lambda fn: fn,
    "graph": lambda fn: tf.function(fn, autograph=False),
    "xla": lambda fn: tf.function(fn, autograph=False, jit_compile=True),
}
