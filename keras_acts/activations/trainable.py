"""Curves whose parameters are trained with the rest of the network."""

import math
from typing import Any

from keras import ops

from keras_acts._bases import Trainable
from keras_acts._core import Tensor, activation, exported


def _prelu_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    return ops.where(x > 0, ops.ones_like(x), alpha * ops.ones_like(x)), ops.where(x > 0, ops.zeros_like(x), x)


@activation(
    kind="trainable",
    formula="where(x > 0, x, alpha * x)",
    source="He et al., Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification, "
    "2015, arXiv:1502.01852",
    output_range=("-inf", "inf"),
    kinks={"0": "alpha"},
    aliases=("parametric_relu",),
    limits={"alpha": (-math.inf, math.inf)},
    slope=_prelu_slope,
)
def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """Parametric rectifier: `x` where positive, `alpha * x` elsewhere, with `alpha` trained.

    The slope at 0 is `alpha`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Example:
        >>> np.asarray(keras_acts.prelu([-2.0, 3.0], 0.25))
        array([-0.5, 3. ], dtype=float32)
    """
    return ops.where(x > 0, x, alpha * x)


class PReLU(Trainable, fn=prelu):
    """Layer form of `prelu`: it trains `alpha`, by default one per channel.

    Differs from `keras.layers.PReLU` in three defaults, all as in the paper: `alpha` starts at 0.25 and not at 0; it
    is shared over space and not kept per position; and it is not regularised (nor is it in Keras).

    Args:
        alpha_initializer: Number, or any Keras initializer.
        alpha_regularizer: Any Keras regularizer, or `None`. Weight decay would pull the layer towards ReLU.
        alpha_constraint: Any Keras constraint, or `None`.
        shared_axes: `"spatial"` (one `alpha` per channel), `"all"` (one for the layer), `None` (one per element), or
            a list of the axes to share, as in Keras; negative axes count from the end.
        data_format: Where the channel axis is, `"channels_last"` or `"channels_first"`; defaults to
            `keras.config.image_data_format()`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        `(batch, ..., channels)`, or `(batch, channels, ...)` with `data_format="channels_first"`.

    Output shape:
        Same as the input shape.

    Raises:
        ValueError: `shared_axes` or `data_format` is none of the above, or an axis of unknown size is not shared.

    Example:
        >>> layer = keras_acts.PReLU()
        >>> keras.ops.convert_to_numpy(layer(np.array([[-2.0, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
        >>> tuple(layer.alpha.shape)
        (2,)
    """

    alpha: Tensor

    def __init__(
        self,
        alpha_initializer: Any = 0.25,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = "spatial",
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(
            {"alpha": alpha_initializer},
            shared_axes,
            data_format,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
            **kwargs,
        )


__all__ = exported(__name__)
