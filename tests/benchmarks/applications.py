"""Every architecture of keras.applications, without weights: linted; and of each family the smallest member's
activations replaced, and the result saved, loaded, and trained for a step.

Too slow for the tests. Prints a line per architecture with what `lint` finds; ends with code 1 where something failed,
or where an error or a warning was found that is not defended in `DEFENDED`.

    KERAS_BACKEND=jax python tests/benchmarks/applications.py --only MobileNet ConvNeXt
    KERAS_BACKEND=tensorflow python tests/benchmarks/applications.py --smallest
    python tests/benchmarks/applications.py --until replace
"""

import argparse
import collections
import gc
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # each program here runs only once or twice

import numpy as np

import keras_acts
from keras_acts._sites import sites
from keras_acts.study._start import _weight

import keras  # isort: skip

# The smallest images that a family takes, and its members, the smallest first.
FAMILIES = {
    "MobileNet": (32, ["MobileNet"]),
    "MobileNetV2": (32, ["MobileNetV2"]),
    "MobileNetV3": (32, ["MobileNetV3Small", "MobileNetV3Large"]),
    "VGG": (32, ["VGG16", "VGG19"]),
    "ResNet": (32, ["ResNet50", "ResNet101", "ResNet152"]),
    "ResNetV2": (32, ["ResNet50V2", "ResNet101V2", "ResNet152V2"]),
    "DenseNet": (32, ["DenseNet121", "DenseNet169", "DenseNet201"]),
    "Xception": (71, ["Xception"]),
    "InceptionV3": (75, ["InceptionV3"]),
    "InceptionResNetV2": (75, ["InceptionResNetV2"]),
    "NASNet": (32, ["NASNetMobile", "NASNetLarge"]),
    "EfficientNet": (32, [f"EfficientNetB{i}" for i in range(8)]),
    "EfficientNetV2": (32, [f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")]),
    "ConvNeXt": (32, [f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")]),
}
SWAP = {"relu": "gelu", "silu": "mish", "gelu": "silu", "hard_silu": "silu"}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# Alarms that are right, by family and rule: why.
DEFENDED = {
    ("VGG", "signal-scale"): "the signal does fade from Glorot's start; its images come unscaled, 60 times larger",
}


def drawn(initializer, shape, dtype=None):
    """Weights from NumPy: JAX would compile a program for each shape."""
    values = _weight(initializer, tuple(shape), dtype, np.random.default_rng(0))
    return keras.ops.convert_to_tensor(values.astype(dtype or "float32"))


keras.initializers.VarianceScaling.__call__ = drawn


def build(name, size):
    """The architecture with ten classes and small images."""
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None)


def linted(family, model):
    """What `lint` says, in words, and whether all of it is defended."""
    start = time.perf_counter()
    findings = keras_acts.lint(model, loss=LOSS)
    milliseconds = 1000 * (time.perf_counter() - start)
    alarms = {finding.rule for finding in findings if finding.severity != "note"}
    counts = collections.Counter(finding.rule for finding in findings)
    words = ", ".join(f"{count} {rule}" for rule, count in counts.items()) or "nothing"
    reasons = [DEFENDED[family, rule] for rule in alarms if (family, rule) in DEFENDED]
    fine = len(reasons) == len(alarms)
    return f"lint {milliseconds:.0f} ms: {words}" + "".join(f" (defended: {reason})" for reason in reasons), fine


def predicted(model, x):
    """Outputs, by the way that is quickest for a single batch."""
    if keras.backend.backend() == "jax":
        return model.predict_on_batch(x)
    return keras.ops.convert_to_numpy(model(x, training=False))


def same(model, copy):
    """Both have the same weights."""
    for one, other in zip(model.weights, copy.weights, strict=True):
        np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each) for each in (one, other)))


def replaced(model):
    """Replace, save and load; return the new model, and what was replaced, in words."""
    there = {name for site in sites(model) if site.role == "hidden" for name in site.names}
    new, changes = keras_acts.replace_activations(model, {old: put for old, put in SWAP.items() if old in there})
    same(model, new)
    gates, kept = ([site.activation for site in sites(each) if site.role == "gate"] for each in (model, new))
    assert gates == kept
    assert {site.activation for site in sites(new) if site.role == "hidden"}.isdisjoint(there & SWAP.keys())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        new.save(path)
        loaded = keras.models.load_model(path)
    same(new, loaded)
    assert [site.names for site in sites(new)] == [site.names for site in sites(loaded)]
    kinds = collections.Counter((change.old, change.new) for change in changes)
    words = [f"{count} {old} -> {put}" for (old, put), count in kinds.items()]
    return new, loaded, ", ".join([*words, f"{len(gates)} gates kept"] if gates else words)


def trained(new, loaded, size):
    """Compare what the model and its loaded copy say, and train for a step; return the loss, in words."""
    x = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    np.testing.assert_allclose(predicted(loaded, x), predicted(new, x), rtol=1e-5, atol=1e-6)
    new.compile("sgd", LOSS)
    kernel = keras.ops.convert_to_numpy(new.trainable_weights[-2]).copy()
    loss = float(new.train_on_batch(x, np.array([0, 1])))
    assert np.isfinite(loss)
    assert np.abs(keras.ops.convert_to_numpy(new.trainable_weights[-2]) - kernel).max() > 0
    return f"loss {loss:.2f}"


def main():
    """Check all of it; return whether something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--smallest", action="store_true", help="leave out the larger members")
    parser.add_argument("--until", choices=["lint", "replace", "train"], default="train", help="the last step")
    options = parser.parse_args()
    print(f"keras {keras.__version__} on {keras.backend.backend()}")
    failed = False
    for family in options.only:
        size, members = FAMILIES[family]
        for member in members[:1] if options.smallest else members:
            started = time.perf_counter()
            try:
                model = build(member, size)
                said, fine = linted(family, model)
                failed |= not fine
                if member == members[0] and options.until != "lint":
                    new, loaded, words = replaced(model)
                    said += f"; {words}"
                    if options.until == "train":
                        said += f"; {trained(new, loaded, size)}"
            except Exception as error:
                said, failed = f"FAILED: {type(error).__name__}: {str(error)[:300]}", True
            print(f"{member:18} {time.perf_counter() - started:5.0f} s  {said}", flush=True)
            model = new = loaded = None
            keras.backend.clear_session()
            if keras.backend.backend() == "jax":
                importlib.import_module("jax").clear_caches()
            gc.collect()
    return failed


if __name__ == "__main__":
    sys.exit(main())
