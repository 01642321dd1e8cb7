"""Functions whose stated slope is not their derivative: the true one is zero almost everywhere."""

from keras_acts._core import exported

__all__ = exported(__name__)
