"""Periodic functions: curves built on sines, for signals that repeat."""

from keras_acts._core import exported

__all__ = exported(__name__)
