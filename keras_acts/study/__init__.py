"""Studies: the same model with many activations, from the same starts, compared with statistics that hold.

`keras_acts.compare` runs a study, here or on many machines, and returns a `Study`.
"""

from keras_acts.study._executors import RayExecutor
from keras_acts.study._result import Difference, Row, Study
from keras_acts.study._runner import compare

__all__ = ["Difference", "RayExecutor", "Row", "Study", "compare"]
