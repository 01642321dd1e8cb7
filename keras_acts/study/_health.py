"""How alive a network is: dead and saturated units, and how much gradient arrives at each layer."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_acts.study._variants import inputs_seen


def health(
    model: keras.Model, trainable: Sequence[Any], non_trainable: Sequence[Any], x: Any, y: Any, look: bool
) -> Any:
    """The loss of a model in a given state, and per activation the shares of dead and of saturated units.

    A unit is dead when the slope of its activation is 0 for every sample and position, and saturated when its mean
    slope is below a tenth of the steepest. The slope is a central difference, so it needs no second derivative.

    Args:
        model: The model.
        trainable: Values of its trainable variables.
        non_trainable: Values of its other variables.
        x: Inputs.
        y: Targets.
        look: Whether to look into the activations.

    Returns:
        The loss, and a list of pairs.
    """
    ops = keras.ops
    mode = {"training": True} if model._call_has_training_arg else {}
    shares = []
    with inputs_seen() as seen:
        y_pred, _ = model.stateless_call(trainable, non_trainable, x, **mode)
    state = [*zip(model.trainable_variables, trainable, strict=True)]
    state += zip(model.non_trainable_variables, non_trainable, strict=True)
    with keras.StatelessScope(state_mapping=state):
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred)
        for fresh, layer, z in seen if look else ():
            if not (steepest := fresh.variant.steepest):
                continue
            z = ops.stop_gradient(ops.cast(z, "float32"))
            slope = ops.abs(ops.subtract(layer(z + 0.01), layer(z - 0.01)))
            rank = len(slope.shape)
            channel = 1 if keras.config.image_data_format() == "channels_first" and rank > 2 else rank - 1
            others = [axis for axis in range(rank) if axis != channel]
            dead = ops.mean(ops.cast(ops.max(slope, others) == 0, "float32"))
            saturated = ops.mean(ops.cast(ops.mean(slope, others) < 0.1 * 0.02 * steepest, "float32"))
            shares.append((dead, saturated))
    return loss, shares


def report(shares: Any, norms: Any) -> dict[str, Any]:
    """The health of one run as plain data."""
    return {
        "dead": [float(dead) for dead, _ in shares],
        "saturated": [float(saturated) for _, saturated in shares],
        "gradient": [float(norm) for norm in norms],
    }
