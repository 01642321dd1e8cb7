"""Functions that change the size of an axis: they pool, sort or concatenate channels."""

from keras_acts._core import exported

__all__ = exported(__name__)
