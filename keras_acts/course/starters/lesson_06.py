"""Lesson 6: starting weights that keep the gradient alive through 20 layers."""


def gain(name):
    """Return the gain of the starting weights for "relu", "gelu" or "tanh".

    The weights are drawn from a normal distribution with standard deviation gain / sqrt(number of inputs).
    """
    return 1.0  # your code
