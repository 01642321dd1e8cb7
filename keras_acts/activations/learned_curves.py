"""Curves that are learned whole: rational functions, splines, polynomials, hinges."""

from keras_acts._core import exported

__all__ = exported(__name__)
