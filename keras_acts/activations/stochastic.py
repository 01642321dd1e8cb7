"""Curves that draw random numbers in training and none in inference."""

from typing import Any

import keras
from keras import ops

from keras_acts._bases import Stochastic
from keras_acts._core import Tensor, activation, exported


def _check_slopes(lower: float, upper: float, **_: Any) -> None:
    if lower > upper:
        raise ValueError(
            f"rrelu: `lower` must not exceed `upper`, got lower={lower} and upper={upper}; swap them or "
            "make them equal."
        )


@activation(
    kind="stochastic",
    formula="where(x > 0, x, (lower + upper) / 2 * x)",
    source="Xu et al., Empirical Evaluation of Rectified Activations in Convolutional Network, 2015, arXiv:1505.00853",
    output_range=("-inf", "inf"),
    kinks={"0": "(lower + upper) / 2"},
    aliases=("randomized_relu", "randomized_leaky_relu"),
    limits={"lower": (0.0, 1e38), "upper": (0.0, 1e38)},
    check=_check_slopes,
)
def rrelu(
    x: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, seed: int | Any | None = None
) -> Tensor:
    """Randomized leaky rectifier: `x` where positive, `slope * x` elsewhere, with a random slope in training.

    In training every element draws its slope from the uniform distribution between `lower` and `upper`; in
    inference it is their mean. The defaults are torch's and TensorFlow Addons'; the paper divides by a number
    drawn from 3 to 8 instead, and by 5.5 in inference. The slope at 0 is that of the negative side.

    Args:
        x: Tensor of any shape.
        lower: Lowest slope for negative inputs, not negative.
        upper: Highest slope for negative inputs, at least `lower`.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `lower` or `upper` is not a number.
        ValueError: `lower` or `upper` is negative, infinite or NaN, or `lower` exceeds `upper`.

    Examples:
        >>> np.asarray(keras_acts.rrelu([-2.0, 3.0], lower=0.25, upper=0.75))
        array([-1., 3.], dtype=float32)
    """
    slope = (lower + upper) / 2
    if training and lower < upper:
        slope = keras.random.uniform(ops.shape(x), lower, upper, dtype=x.dtype, seed=seed)
    return ops.where(x > 0, x, slope * x) if upper else ops.where(x <= 0, ops.zeros_like(x), x)


class RReLU(Stochastic, fn=rrelu):
    """Layer form of `rrelu`: draws slopes in `fit`, and uses their mean in `evaluate` and `predict`.

    Args:
        lower: Lowest slope for negative inputs, not negative.
        upper: Highest slope for negative inputs, at least `lower`.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Raises:
        TypeError: `lower` or `upper` is not a number.
        ValueError: `lower` or `upper` is negative, infinite or NaN, or `lower` exceeds `upper`.

    Examples:
        >>> np.asarray(keras_acts.RReLU(lower=0.25, upper=0.75)(np.array([[-2.0, 3.0]])))
        array([[-1., 3.]], dtype=float32)
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, seed: int | None = None, **kwargs):
        super().__init__(seed, {"lower": lower, "upper": upper}, **kwargs)


__all__ = exported(__name__)
