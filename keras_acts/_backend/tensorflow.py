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
