"""How the cost of an activation, forward and backward, grows with the tensor: a table and a figure.

    python tests/benchmarks/linear.py relu gelu mish sine --backend jax --out docs/elsewhere/measured

In nanoseconds per element, compiled by XLA on JAX, in TensorFlow's default graph there; one thread and its CPU time,
the median of the rounds, the functions in another order in each. Beside them stands one that computes nothing. An
element costs less while the tensor fits into the processor's cache; beyond, its cost should not grow. Ends with code 1
where it does, from 10 to 100 million elements by more than a quarter beyond that function's own growth.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = [10**power for power in range(4, 9)]
GROWTH = 1.25


def measure(names, rounds):
    """Nanoseconds per element by name and size; "nothing" reads and writes the same bytes."""
    import keras
    import numpy as np

    from keras_acts import _backend
    from keras_acts._core import find

    way = {"jax": "jit", "tensorflow": "graph"}[keras.backend.backend()]
    compiled = _backend.compilers()[way]
    calls = {"nothing": compiled(lambda x, g: (x + 1.0, g * x))}
    for name in names:
        both = _backend.with_gradients(find(name).function)
        calls[name] = compiled(lambda x, g, both=both: both(x, upstream=g))
    draws = np.random.default_rng(0).normal(size=SIZES[-1]).astype("float32")
    found = {name: [] for name in calls}
    for size in SIZES:
        x = keras.ops.convert_to_tensor(draws[:size])
        repeats, times = max(1, 10**7 // size), {name: [] for name in calls}
        for call in calls.values():
            _backend.wait(call(x, x))
        for _ in range(rounds):
            for name in random.sample(list(calls), len(calls)):
                start = time.process_time()
                for _ in range(repeats):
                    _backend.wait(calls[name](x, x))
                times[name].append((time.process_time() - start) / repeats / size * 1e9)
        for name, values in times.items():
            found[name].append(statistics.median(values))
        print(f"{size:,} elements", file=sys.stderr)
    return found


def figure(found, label):
    """Cost per element over the size, both logarithmic."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(7, 4), layout="constrained")
    ax = drawn.subplots()
    for name, values in found.items():
        style = {"color": "gray", "linestyle": "--"} if name == "nothing" else {}
        ax.plot(SIZES, values, marker="o", label=name, **style)
    ax.set(xscale="log", yscale="log", xlabel="elements", ylabel="ns per element")
    ax.set_title(f"Forward and backward, {label}")
    ax.legend()
    ax.grid(which="both", alpha=0.25)
    return drawn


def main():
    """Print the table, and with `--out` write it and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["relu", "gelu", "mish", "tanh", "sine"])
    parser.add_argument("--backend", choices=["jax", "tensorflow"], default="jax")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for linear_BACKEND.md and linear_BACKEND.png")
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = options.backend
    from keras_acts.bench import ENVIRONMENT

    if os.environ.get("MALLOC_MMAP_MAX_") != ENVIRONMENT["MALLOC_MMAP_MAX_"]:  # read when a process starts
        return subprocess.run([sys.executable, *sys.argv], env={**os.environ, **ENVIRONMENT}).returncode
    found = measure(options.names, options.rounds)
    label = {"jax": "JAX", "tensorflow": "TensorFlow, graph"}[options.backend]
    lines = [
        f"| ns per element, {label} | " + " | ".join(f"{size:,}" for size in SIZES) + " |",
        "|---|" + "--:|" * len(SIZES),
        *(f"| `{name}` | " + " | ".join(f"{value:.2f}" for value in values) + " |" for name, values in found.items()),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"linear_{options.backend}.md").write_text("\n".join(lines) + "\n", "utf-8")
        figure(found, label).savefig(options.out / f"linear_{options.backend}.png", dpi=120)
    floor = found.pop("nothing")
    allowed = GROWTH * max(1.0, floor[-1] / floor[-2])
    grown = [name for name, values in found.items() if values[-1] > allowed * values[-2]]
    if grown:
        print(f"grows with the size: {', '.join(grown)}", file=sys.stderr)
    return bool(grown)


if __name__ == "__main__":
    sys.exit(main())
