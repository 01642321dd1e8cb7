"""Lesson 2: one layer that does the work of many linear ones."""


def collapse(layers):
    """Return the one (w, b) that does what all the (w, b) in `layers` do, one after the other."""
    w, b = layers[0]
    for v, c in layers[1:]:
        w, b = w @ v, b @ v + c
    return w, b
