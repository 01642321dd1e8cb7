"""The dying-ReLU monitor: exact counts per unit, made inside the compiled training step."""

from keras_acts.monitor._bounds import Certificate, provably_dead
from keras_acts.monitor._callback import DyingReLUMonitor, DyingReLUWarning
from keras_acts.monitor._diagnose import diagnose
from keras_acts.monitor._engine import Engine, Reading
from keras_acts.monitor._findings import Finding
from keras_acts.monitor._history import History
from keras_acts.monitor._recorder import Site
from keras_acts.monitor._repair import Revive, with_prelu
from keras_acts.monitor._siblings import (
    Flow,
    GradientFlow,
    MonitorWarning,
    NonFiniteGuard,
    SaturationMonitor,
    SparsityMonitor,
)
from keras_acts.monitor._units import Units

__all__ = [
    "Certificate",
    "DyingReLUMonitor",
    "DyingReLUWarning",
    "Engine",
    "Finding",
    "Flow",
    "GradientFlow",
    "History",
    "MonitorWarning",
    "NonFiniteGuard",
    "Reading",
    "Revive",
    "SaturationMonitor",
    "Site",
    "SparsityMonitor",
    "Units",
    "diagnose",
    "provably_dead",
    "with_prelu",
]
