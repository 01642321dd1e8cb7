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


def with_slope(value, partials):
    @tf.custom_gradient
    def curve(*tensors):
        def backward(upstream):
            # XLA would share exponentials with the value, by writing them to memory; behind the barrier it does not.
            parts = partials(*map(_held, tensors)) if _is_for_xla() else partials(*tensors)
            return [_sum_to(upstream * part, tensor) for part, tensor in zip(parts, tensors, strict=True)]

        return value(*tensors), backward

    return curve


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
