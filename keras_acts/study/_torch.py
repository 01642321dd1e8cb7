"""Torch: the health of a network, and random numbers that belong to a run. Training goes through `model.fit`.

Imports torch because gradients have no words in Keras, and because Keras's dropout draws from torch's global generator.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import torch

from keras_acts.study._health import health, report
from keras_acts.study._job import Job


def health_of(job: Job) -> dict[str, Any]:
    """The health of the model as it is."""
    model = job.model
    x, y = keras.tree.map_structure(keras.ops.convert_to_tensor, job.probe())
    values = [variable.value.detach().clone().requires_grad_() for variable in model.trainable_variables]
    loss, shares = health(model, values, [v.value for v in model.non_trainable_variables], x, y, look=True)
    gradients = torch.autograd.grad(loss, [values[i] for i in job.start.kernels], allow_unused=True)
    norms = [torch.linalg.vector_norm(each) if each is not None else 0.0 for each in gradients]
    return report(shares, norms)


@contextlib.contextmanager
def randomness(seed: int) -> Iterator[None]:
    """Let torch draw from this seed inside the `with` block, and go on as before after it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
