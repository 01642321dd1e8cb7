"""Architectures of keras.applications, one training step each: every activation is counted, or named as not observed.

    python tests/benchmarks/monitor_applications.py --only ResNet50V2

Prints one line per architecture and ends with code 1 where an activation was left out.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

import keras_acts

ARCHITECTURES = {"ResNet50V2": {}, "MobileNetV2": {"alpha": 0.35}, "EfficientNetB0": {}}


def observe(name, **settings):
    """Train an architecture for one step; returns its monitor and the names of the layers that have an activation."""
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(32, 32, 3), classes=10, **settings)
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    monitor = keras_acts.DyingReLUMonitor(alarm=1.0, rise=1.0, verbose=0)
    model.fit(x, np.arange(4), batch_size=4, verbose=0, callbacks=[monitor])
    linear = (None, keras.activations.linear)
    has = [layer.name for layer in model.layers if getattr(layer, "activation", None) not in linear]
    return monitor, {*has, *(layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU))}


def main():
    """Observe all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=list(ARCHITECTURES))
    failed = False
    for name in parser.parse_args().only:
        start = time.process_time()
        keras.utils.set_random_seed(0)
        monitor, expected = observe(name, **ARCHITECTURES[name])
        left_out = expected - set(monitor.units) - set(monitor.unobserved)
        odd = [n for n, units in monitor.units.items() if units.samples != 4 or not units.columns["fired"].min() >= 0]
        failed = failed or bool(left_out) or bool(odd)
        units = sum(each.site.units for each in monitor.units.values())
        print(
            f"{name} on {keras.backend.backend()}: {len(expected)} activations, {len(monitor.units)} counted ({units} "
            f"units), not observed: {monitor.unobserved}, left out: {sorted(left_out)}, odd: {odd}, "
            f"{time.process_time() - start:.0f} s",
            flush=True,
        )
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
