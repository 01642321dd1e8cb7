"""Curves that draw random numbers in training and none in inference."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._bases import Stochastic
from keras_acts._core import Tensor, activation, exported
from keras_acts.activations.rectifiers import leaky_relu, relu
from keras_acts.activations.sigmoidal import sigmoid


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
    used_by=("TensorFlow Addons (rrelu)", "PyTorch (RReLU)"),
    distinct_from={"the rule of the paper": "divides by 5.5 in inference, a slope of 0.1818 instead of 0.2292"},
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


@activation(
    kind="stochastic",
    formula="relu(x)",
    source="Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010",
    output_range=("0", "inf"),
    kinks={"0": "0"},
    aliases=("nrelu",),
    equals=("relu(x)",),
)
def noisy_relu(x: Tensor, training: bool = False, seed: int | Any | None = None) -> Tensor:
    """Noisy rectifier: `max(0, x + noise)`, where the noise has variance `sigmoid(x)`.

    In training the noise is drawn from a normal distribution for every element; in inference there is none, and the
    slope at 0 is 0.

    Args:
        x: Tensor of any shape.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.noisy_relu([-2.0, 3.0]))
        array([0., 3.], dtype=float32)
    """
    if training:
        noise = keras.random.normal(ops.shape(x), dtype=x.dtype, seed=seed)
        x = x + noise * ops.sqrt(sigmoid(ops.clip(x, -80.0, 80.0)))  # clipped: the slope of sqrt at 0 is infinite
    return relu(x)


class NoisyReLU(Stochastic, fn=noisy_relu):
    """Layer form of `noisy_relu`: adds noise in `fit`, and is ReLU in `evaluate` and `predict`.

    Args:
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Examples:
        >>> np.asarray(keras_acts.NoisyReLU()(np.array([[-2.0, 3.0]])))
        array([[0., 3.]], dtype=float32)
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)


@activation(
    kind="stochastic",
    formula="relu(x)",
    source="Shridhar et al., ProbAct: A Probabilistic Activation Function for Deep Neural Networks, 2019, "
    "arXiv:1905.10761",
    output_range=("0", "inf"),
    kinks={"0": "0"},
    limits={"sigma": (0.0, 1e30)},
    equals=("relu(x)",),
    distinct_from={"ProbAct with a trained sigma": "the paper trains sigma too; here it is fixed"},
)
def probact(x: Tensor, sigma: float = 0.5, training: bool = False, seed: int | Any | None = None) -> Tensor:
    """Probabilistic rectifier: `max(0, x) + sigma * noise`, with standard normal noise in training.

    In inference the result is its mean, `max(0, x)`, whose slope at 0 is 0. The paper also predicts by averaging
    several draws, which is `training=True` in a loop.

    Args:
        x: Tensor of any shape.
        sigma: Standard deviation of the noise, not negative.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `sigma` is not a number.
        ValueError: `sigma` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.probact([-2.0, 3.0]))
        array([0., 3.], dtype=float32)
    """
    y = relu(x)
    return y + sigma * keras.random.normal(ops.shape(x), dtype=x.dtype, seed=seed) if training else y


class ProbAct(Stochastic, fn=probact):
    """Layer form of `probact`: adds noise in `fit`, and is ReLU in `evaluate` and `predict`.

    Args:
        sigma: Standard deviation of the noise, not negative.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Raises:
        TypeError: `sigma` is not a number.
        ValueError: `sigma` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.ProbAct(sigma=0.1)(np.array([[-2.0, 3.0]])))
        array([[0., 3.]], dtype=float32)
    """

    def __init__(self, sigma: float = 0.5, seed: int | None = None, **kwargs):
        super().__init__(seed, {"sigma": sigma}, **kwargs)


@activation(
    kind="stochastic",
    formula="where(x > 0, x, (1 - keep) * x)",
    source="Liang et al., Drop-Activation: Implicit Parameter Reduction and Harmonic Regularization, 2018, "
    "arXiv:1811.05850",
    kinks={"0": "1 - keep"},
    limits={"keep": (0.0, 1.0)},
    equals=("leaky_relu(x, negative_slope=0.05)",),
)
def drop_activation(x: Tensor, keep: float = 0.95, training: bool = False, seed: int | Any | None = None) -> Tensor:
    """Rectifier that is dropped now and then: ReLU with probability `keep`, the identity otherwise.

    In training each element draws which of the two it is; in inference the result is their mean, a leaky rectifier
    of slope `1 - keep`, which is also the slope at 0.

    Args:
        x: Tensor of any shape.
        keep: Probability that the rectifier stays, from 0 to 1.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `keep` is not a number.
        ValueError: `keep` is not between 0 and 1.

    Examples:
        >>> np.asarray(keras_acts.drop_activation([-2.0, 3.0], keep=0.75))
        array([-0.5,  3. ], dtype=float32)
    """
    if not training:
        return leaky_relu(x, negative_slope=1 - keep)
    stays = keras.random.uniform(ops.shape(x), dtype=x.dtype, seed=seed) < keep
    return ops.where(stays, relu(x), x)


class DropActivation(Stochastic, fn=drop_activation):
    """Layer form of `drop_activation`: draws in `fit`, and is a leaky rectifier in `evaluate` and `predict`.

    Args:
        keep: Probability that the rectifier stays, from 0 to 1.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Raises:
        TypeError: `keep` is not a number.
        ValueError: `keep` is not between 0 and 1.

    Examples:
        >>> np.asarray(keras_acts.DropActivation(0.75)(np.array([[-2.0, 3.0]])))
        array([[-0.5,  3. ]], dtype=float32)
    """

    def __init__(self, keep: float = 0.95, seed: int | None = None, **kwargs):
        super().__init__(seed, {"keep": keep}, **kwargs)


@activation(
    kind="stochastic",
    formula="sigmoid(x)",
    source="Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation, "
    "2013, arXiv:1308.3432",
    output_range=("0", "1"),
    aliases=("bernoulli_ste",),
    equals=("sigmoid(x)",),
)
def stochastic_binary(x: Tensor, training: bool = False, seed: int | Any | None = None) -> Tensor:
    """Stochastic binary unit: 1 with probability `sigmoid(x)`, 0 otherwise.

    In training the draws are exactly 0 or 1, and the slope is that of the probability ("straight-through"). In
    inference the result is the probability itself.

    Args:
        x: Tensor of any shape.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.stochastic_binary([0.0, 100.0]))
        array([0.5, 1. ], dtype=float32)
        >>> np.asarray(keras_acts.stochastic_binary([-100.0, 100.0], training=True, seed=1))
        array([0., 1.], dtype=float32)
    """
    chance = sigmoid(x)
    if not training:
        return chance
    drawn = keras.random.uniform(ops.shape(x), dtype=x.dtype, seed=seed) < chance
    # The bracket is exactly 0, but has the slope of the probability.
    return ops.cast(drawn, x.dtype) + (chance - ops.stop_gradient(chance))


class StochasticBinary(Stochastic, fn=stochastic_binary):
    """Layer form of `stochastic_binary`: draws 0 or 1 in `fit`, and is sigmoid in `evaluate` and `predict`.

    Args:
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Examples:
        >>> np.asarray(keras_acts.StochasticBinary()(np.array([[0.0, 100.0]])))
        array([[0.5, 1. ]], dtype=float32)
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)


def _logistic_noise(x: Tensor, seed: Any) -> Tensor:
    # Numbers of at least 2^-24, and below 1 in every dtype, so that neither logarithm is of 0.
    drawn = keras.random.uniform(ops.shape(x), 2.0**-24, 1.0, dtype=x.dtype, seed=seed)
    return ops.log(drawn) - ops.log1p(-drawn)


@activation(
    kind="stochastic",
    formula="sigmoid(x / temperature)",
    source="Maddison et al., The Concrete Distribution: A Continuous Relaxation of Discrete Random Variables, 2016, "
    "arXiv:1611.00712",
    output_range=("0", "1"),
    aliases=("binary_concrete",),
    limits={"temperature": (1e-4, 1e3)},
    equals=("sigmoid(x)",),
)
def gumbel_sigmoid(
    x: Tensor, temperature: float = 1.0, training: bool = False, seed: int | Any | None = None
) -> Tensor:
    """Gumbel-sigmoid: `sigmoid((x + noise) / temperature)`, a draw of 0 or 1 that can be trained through.

    In training logistic noise is added: the result is above a half with probability `sigmoid(x)`, and comes near to
    0 or 1 as the temperature falls. In inference there is no noise.

    Args:
        x: Tensor of any shape.
        temperature: What the sum is divided by, from 0.0001 to 1000.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `temperature` is not a number.
        ValueError: `temperature` is not between 0.0001 and 1000.

    Examples:
        >>> np.asarray(keras_acts.gumbel_sigmoid([0.0, 1.0], temperature=0.5)).round(4)
        array([0.5   , 0.8808], dtype=float32)
    """
    return sigmoid((x + _logistic_noise(x, seed) if training else x) / temperature)


class GumbelSigmoid(Stochastic, fn=gumbel_sigmoid):
    """Layer form of `gumbel_sigmoid`: draws in `fit`, and is a sigmoid in `evaluate` and `predict`.

    Args:
        temperature: What the sum is divided by, from 0.0001 to 1000.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Raises:
        TypeError: `temperature` is not a number.
        ValueError: `temperature` is not between 0.0001 and 1000.

    Examples:
        >>> np.asarray(keras_acts.GumbelSigmoid(0.5)(np.array([[0.0, 1.0]]))).round(4)
        array([[0.5   , 0.8808]], dtype=float32)
    """

    def __init__(self, temperature: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(seed, {"temperature": temperature}, **kwargs)


def _beside(place: float, x: Tensor, side: int) -> float:
    """The number of the dtype of `x` that is next to a place, or on it: the one below for side -1, above for 1."""
    dtype = np.dtype(keras.backend.standardize_dtype(x.dtype)).type
    near = dtype(place)
    return float(near if side * (float(near) - place) >= 0 else np.nextafter(near, dtype(side * math.inf)))


@activation(
    kind="stochastic",
    formula="where(x <= log(-low / high), 0, where(x >= log((1 - low) / (high - 1)), 1, high * sigmoid(x) + low * "
    "sigmoid(-x)))",
    source="Louizos et al., Learning Sparse Neural Networks through L0 Regularization, 2017, arXiv:1712.01312",
    output_range=("0", "1"),
    kinks={"log(-low / high)": "0", "log((1 - low) / (high - 1))": "0"},
    limits={"temperature": (1e-3, 1e3), "low": (-1e3, -1e-3), "high": (1.001, 1e3)},
)
def hard_concrete(
    x: Tensor,
    temperature: float = 2 / 3,
    low: float = -0.1,
    high: float = 1.1,
    training: bool = False,
    seed: int | Any | None = None,
) -> Tensor:
    """Hard concrete gate: `clip((high - low) * s + low, 0, 1)`, which is often exactly 0 or exactly 1.

    In training `s` is a draw, `sigmoid((x + noise) / temperature)` with logistic noise; in inference it is
    `sigmoid(x)`, as in the paper, without the temperature. Where the result is clipped the slope is 0.

    Args:
        x: Tensor of any shape: the logarithms of the odds that the gates are open.
        temperature: What the sum is divided by in training, from 0.001 to 1000.
        low: Left end of the stretched interval, below 0.
        high: Right end of the stretched interval, above 1.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `temperature`, `low` or `high` is not a number.
        ValueError: `temperature` is not between 0.001 and 1000, `low` not below 0, or `high` not above 1.

    Examples:
        >>> np.asarray(keras_acts.hard_concrete([-9.0, 0.0, 9.0]))
        array([0. , 0.5, 1. ], dtype=float32)
    """
    if training:
        x = (x + _logistic_noise(x, seed)) / temperature
    # Which side of a kink `x` lies on is asked of `x` itself, since the value there is known up to rounding only.
    opens, closes = sigmoid(x), sigmoid(-x)
    left, right = _beside(math.log(-low / high), x, -1), _beside(math.log((1 - low) / (high - 1)), x, 1)
    y = ops.where(x >= right, ops.ones_like(x), high * opens + low * closes)
    return ops.where(x <= left, ops.zeros_like(x), y)


class HardConcrete(Stochastic, fn=hard_concrete):
    """Layer form of `hard_concrete`: draws in `fit`, and uses the paper's rule in `evaluate` and `predict`.

    Args:
        temperature: What the sum is divided by in training, from 0.001 to 1000.
        low: Left end of the stretched interval, below 0.
        high: Right end of the stretched interval, above 1.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw.

    Raises:
        TypeError: `temperature`, `low` or `high` is not a number.
        ValueError: `temperature` is not between 0.001 and 1000, `low` not below 0, or `high` not above 1.

    Examples:
        >>> np.asarray(keras_acts.HardConcrete()(np.array([[-9.0, 0.0, 9.0]])))
        array([[0. , 0.5, 1. ]], dtype=float32)
    """

    def __init__(
        self, temperature: float = 2 / 3, low: float = -0.1, high: float = 1.1, seed: int | None = None, **kwargs
    ):
        super().__init__(seed, {"temperature": temperature, "low": low, "high": high}, **kwargs)


__all__ = exported(__name__)
