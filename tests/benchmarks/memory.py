"""How much memory a training step holds per layer: tensors of the size of the activation, at the peak, under JAX.

    python tests/benchmarks/memory.py mish gelu relu

From XLA's own account of the compiled step of a network of dense layers, as the difference between 24 layers and 8, so
nothing else counts. One is the least: each layer's output is needed again for the gradient of the next one's weights.
Nothing is run, so a busy machine does not matter. Ends with code 1 where an activation holds more than its bar.
"""

import argparse
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp

from keras_acts._core import CATALOGUE, find
from keras_acts.accuracy import keras_own, parameters_of

BATCH, WIDTH, FEW, MANY = 4096, 128, 8, 24
BAR = 2.2


def peak(activation, layers):
    """Bytes that the compiled gradient of so many layers needs beside its arguments and results."""

    def loss(weights, x):
        for weight in weights:
            x = activation(x @ weight)
        return x.sum()

    weights = [jnp.ones((WIDTH, WIDTH))] * layers
    compiled = jax.jit(jax.grad(loss)).lower(weights, jnp.ones((BATCH, WIDTH))).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def per_layer(activation):
    """Activation-sized tensors for each further layer."""
    return (peak(activation, MANY) - peak(activation, FEW)) / (MANY - FEW) / (4 * BATCH * WIDTH)


def main():
    """Print a line per activation."""
    elementwise = [name for name, facts in CATALOGUE.items() if facts.kind == "elementwise"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="default: all elementwise ones")
    above = []
    print("| activation | keras_acts | Keras |\n|---|--:|--:|")
    for facts in map(find, parser.parse_args().names or elementwise):
        name, ours = facts.name, per_layer(facts.function)
        theirs = keras_own(facts, parameters_of(facts))
        print(f"| `{name}` | {ours:.2f} | {f'{per_layer(theirs):.2f}' if theirs else ''} |", flush=True)
        if ours > BAR:
            above.append(name)
    if above:
        print(f"above {BAR}: {', '.join(above)}", file=sys.stderr)
    return bool(above)


if __name__ == "__main__":
    sys.exit(main())
