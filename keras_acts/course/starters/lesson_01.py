"""Lesson 1: one neuron."""


def neuron(x, w, b, act):
    """Return act(weighted sum + bias) for each row of x."""
    return act(x[:, 0])  # your code


def careful_bias():
    """Return the bias with which relu(2 * wind + bias) switches on at a wind of 0.2."""
    return -1.0  # your code
