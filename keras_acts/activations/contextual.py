"""Functions whose shape depends on the rest of the input: its neighbours, its channel statistics, its mean."""

from keras_acts._core import exported

__all__ = exported(__name__)
