"""TensorFlow: a custom gradient that reduces each derivative to the shape of its broadcast argument."""

import tensorflow as tf

erfc = tf.math.erfc


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


def _with_slopes(fn):
    def both(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = fn(*tensors)
        return value, *tape.gradient(value, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return both


# How a function can run here: each turns it into one that returns its value and its slopes.
ways = {
    "eager": _with_slopes,
    "graph": lambda fn: tf.function(_with_slopes(fn), autograph=False),
    "xla": lambda fn: tf.function(_with_slopes(fn), autograph=False, jit_compile=True),
}
