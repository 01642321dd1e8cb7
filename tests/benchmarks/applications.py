"""Every family of keras.applications, without weights: linted, its ReLUs and Swishes replaced, saved, loaded, trained.

Too slow for the tests. Prints one line per architecture and what `lint` says beyond notes; ends with code 1 where
something failed.

    KERAS_BACKEND=jax python tests/benchmarks/applications.py --only MobileNet ConvNeXt
"""

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import keras_acts
from keras_acts._sites import sites

import keras  # isort: skip

# One of each family; the others differ in depth and width alone.
FAMILIES = {
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "VGG16": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "DenseNet121": 32,
    "Xception": 71,
    "InceptionV3": 75,
    "InceptionResNetV2": 75,
    "NASNetMobile": 32,
    "ConvNeXtTiny": 32,
}
SWAP = {"relu": "gelu", "silu": "mish", "gelu": "silu", "hard_silu": "silu"}


def check(name, size):
    """Do all of it to one architecture; return what to print."""
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None)
    start = time.perf_counter()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    findings = keras_acts.lint(model, loss=loss)
    seconds = time.perf_counter() - start
    x = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    there = {site.activation for site in sites(model)} | {"relu"}
    swap = {old: new for old, new in SWAP.items() if old in there}
    if not any("relu" in site.names for site in sites(model)):
        swap.pop("relu")
    new, changes = keras_acts.replace_activations(model, swap)
    for one, other in zip(model.weights, new.weights, strict=True):
        np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each) for each in (one, other)))
    before, after = (keras.ops.convert_to_numpy(each(x, training=False)) for each in (model, new))
    assert np.abs(before - after).max() > 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        new.save(path)
        loaded = keras.ops.convert_to_numpy(keras.models.load_model(path)(x, training=False))
    np.testing.assert_allclose(loaded, after, rtol=1e-5, atol=1e-6)
    new.compile("sgd", loss)
    assert np.isfinite(new.train_on_batch(x, np.array([0, 1])))
    kinds = collections.Counter((change.old, change.new) for change in changes)
    words = ", ".join(f"{count} {old} -> {new}" for (old, new), count in kinds.items())
    counts = collections.Counter(finding.rule for finding in findings)
    return f"{words}; lint {1000 * seconds:.0f} ms: {dict(counts) or 'nothing'}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(FAMILIES), metavar="NAME")
    failed = False
    for name in parser.parse_args().only:
        started = time.perf_counter()
        try:
            said = check(name, FAMILIES[name])
        except Exception as error:
            said, failed = f"FAILED: {type(error).__name__}: {str(error)[:300]}", True
        print(f"{name:18} {time.perf_counter() - started:5.0f} s  {said}", flush=True)
        keras.backend.clear_session()
    sys.exit(failed)
