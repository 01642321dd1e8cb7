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
