"""TensorFlow: a custom gradient that reduces each derivative to the shape of its broadcast argument."""

import tensorflow as tf
from tensorflow.python.ops import control_flow_util

from keras_acts._backend import waves

erfc = tf.math.erfc


def _is_for_xla(x):
    """Whether this is traced for XLA, and not for TensorFlow's own kernels, which are vectorised and faster."""
    if x.dtype != tf.float32 or tf.executing_eagerly():
        return False
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def _wave(x, quick, library):
    if not _is_for_xla(x):
        return library(x)
    y, is_huge = quick(x), waves.is_huge(x)
    return tf.cond(tf.reduce_any(is_huge), lambda: tf.where(is_huge, library(x), y), lambda: y)


def sin(x):
    return _wave(x, waves.sin, tf.sin)


def cos(x):
    return _wave(x, waves.cos, tf.cos)


def arctan(x):
    return waves.arctan(x) if _is_for_xla(x) else tf.atan(x)


def _sum_to(gradient, tensor):
    if gradient.shape.is_fully_defined() and gradient.shape == tensor.shape:
        return gradient
    shape = tf.shape(tensor)
    axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=shape, s1=tf.shape(gradient))
    return tf.reshape(tf.reduce_sum(gradient, axes), shape)


def with_slope(value, partials):
    @tf.custom_gradient
    def curve(*tensors):
        def backward(upstream):
            parts = partials(*tensors)
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
