"""Shrinkage: functions that pull small inputs to exactly zero."""

from keras_acts._core import exported

__all__ = exported(__name__)
