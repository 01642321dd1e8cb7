"""Activation functions for Keras 3: as functions, as layers, on TensorFlow, JAX and torch.

Import this package before `keras` when `KERAS_BACKEND` is not set: it then chooses a backend that is installed.
"""

from keras_acts import _backend_choice

_backend_choice.choose()  # before the first import of Keras, which fixes the backend for the process

import keras as _keras  # noqa: E402, F401

_backend_choice.check_version()

from keras_acts import _export, _hosts  # noqa: E402
from keras_acts._core import CATALOGUE as _CATALOGUE  # noqa: E402
from keras_acts._core import get, list_activations  # noqa: E402
from keras_acts.activations.contextual import *  # noqa: E402, F403
from keras_acts.activations.gated import *  # noqa: E402, F403
from keras_acts.activations.learned_curves import *  # noqa: E402, F403
from keras_acts.activations.periodic import *  # noqa: E402, F403
from keras_acts.activations.rectifiers import *  # noqa: E402, F403
from keras_acts.activations.reshaping import *  # noqa: E402, F403
from keras_acts.activations.rows import *  # noqa: E402, F403
from keras_acts.activations.shrinkage import *  # noqa: E402, F403
from keras_acts.activations.sigmoidal import *  # noqa: E402, F403
from keras_acts.activations.simplex import *  # noqa: E402, F403
from keras_acts.activations.smooth import *  # noqa: E402, F403
from keras_acts.activations.stochastic import *  # noqa: E402, F403
from keras_acts.activations.surrogate import *  # noqa: E402, F403
from keras_acts.activations.trainable import *  # noqa: E402, F403
from keras_acts.advice import lint, recommend  # noqa: E402
from keras_acts.blocks import GatedDense  # noqa: E402
from keras_acts.monitor import (  # noqa: E402
    DyingReLUMonitor,
    GradientFlow,
    NonFiniteGuard,
    Revive,
    SaturationMonitor,
    SparsityMonitor,
    diagnose,
    provably_dead,
    with_prelu,
)
from keras_acts.plot import plot_activation, plot_sheet  # noqa: E402
from keras_acts.properties import facts, initializer_for  # noqa: E402
from keras_acts.study import compare  # noqa: E402
from keras_acts.surgery import replace_activations  # noqa: E402

_hosts.install()
_export.install()

__version__ = "0.1.0"
__all__ = [
    "DyingReLUMonitor",
    "GatedDense",
    "GradientFlow",
    "NonFiniteGuard",
    "Revive",
    "SaturationMonitor",
    "SparsityMonitor",
    "compare",
    "diagnose",
    "facts",
    "get",
    "initializer_for",
    "lint",
    "list_activations",
    "plot_activation",
    "plot_sheet",
    "provably_dead",
    "recommend",
    "replace_activations",
    "with_prelu",
]
__all__ += [name for known in _CATALOGUE.values() for name in (known.name, known.layer.__name__)]
