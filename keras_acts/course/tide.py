"""The small network of lesson 8: one input, 24 hidden units, one output; trained in NumPy, step by step.

It computes what Keras computes for `Dense(24, activation)`, `Dense(1)`, `SGD` and `"mse"`, with all samples in each
step. The same lines in JavaScript drive the trainer in the page.
"""

import dataclasses

import numpy as np

UNITS, SAMPLES = 24, 64
TIMES = np.linspace(-2, 2, SAMPLES)
LEVELS = np.sin(np.pi * TIMES / 2)


@dataclasses.dataclass
class Tide:
    """The network's numbers, and the one step that changes them.

    Attributes:
        w: Weights of the hidden units, shape `(24,)`.
        b: Their biases, shape `(24,)`.
        v: Weights of the output, shape `(24,)`.
        c: Bias of the output.
        negative_slope: Slope of the activation where its input is not positive: 0 for ReLU.
    """

    w: np.ndarray
    b: np.ndarray
    v: np.ndarray
    c: float = 0.0
    negative_slope: float = 0.0

    @classmethod
    def start(cls, seed: int = 231, negative_slope: float = 0.0) -> "Tide":
        """A He start with biases of zero, rounded so that float32 and float64 begin alike."""
        draw = np.random.default_rng(seed)
        v = draw.normal(0, np.sqrt(2 / UNITS), UNITS).round(3)
        w = draw.normal(0, np.sqrt(2), UNITS).round(3)
        return cls(w, np.zeros(UNITS), v, 0.0, negative_slope)

    def inputs(self) -> np.ndarray:
        """What enters the activation: one row per sample, one column per hidden unit."""
        return np.outer(TIMES, self.w) + self.b

    def predict(self) -> np.ndarray:
        """The output for each sample."""
        z = self.inputs()
        return np.where(z > 0, z, self.negative_slope * z) @ self.v + self.c

    def loss(self) -> float:
        """Mean squared error."""
        return float(np.mean((self.predict() - LEVELS) ** 2))

    def dead(self) -> np.ndarray:
        """Numbers of the hidden units whose input is positive for no sample."""
        return np.flatnonzero((self.inputs() <= 0).all(axis=0))

    def step(self, learning_rate: float, steps: int = 1) -> None:
        """Gradient descent with all samples."""
        for _ in range(steps):
            z = self.inputs()
            slope = np.where(z > 0, 1.0, self.negative_slope)
            hidden = z * slope
            error = 2 / SAMPLES * (hidden @ self.v + self.c - LEVELS)
            back = np.outer(error, self.v) * slope
            self.w = self.w - learning_rate * (TIMES @ back)
            self.b = self.b - learning_rate * back.sum(axis=0)
            self.v = self.v - learning_rate * (hidden.T @ error)
            self.c = self.c - learning_rate * float(error.sum())
