"""The dying-ReLU monitor: exact counts per unit, made inside the compiled training step."""

from keras_acts.monitor._callback import DyingReLUMonitor, DyingReLUWarning, Units
from keras_acts.monitor._engine import Engine, Reading
from keras_acts.monitor._history import History
from keras_acts.monitor._recorder import Site

__all__ = ["DyingReLUMonitor", "DyingReLUWarning", "Engine", "History", "Reading", "Site", "Units"]
