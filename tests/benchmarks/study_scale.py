"""A study on two workers, one of which is killed midway: finished, and equal to the serial study bit for bit.

    python tests/benchmarks/study_scale.py pool loky folder ray devices

`pool` is `executor=2`, `loky` a pool of that library, `folder` two processes that share the study's folder, and `ray` a
local Ray cluster of two workers (`pip install "keras-acts[scale]"`). `devices`, on JAX, is a mesh of two devices in one
process, where nothing is killed. Ends with code 1 where a run is missing or differs.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

import keras_acts
from keras_acts.study import RayExecutor, Study

import keras  # isort: skip

ACTIVATIONS = ["prelu", "rrelu"]  # with weights, with random numbers of its own


def build(activation):
    """A small network; leaves the number of the process that builds it."""
    if notes := os.environ.get("STUDY_WORKERS"):
        Path(notes, str(os.getpid())).touch()
    hidden = [keras.layers.Dense(32), activation(), keras.layers.Dropout(0.1)]
    return keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dense(2)])


def study(directory=None, executor=None):
    """Eight runs in four tasks."""
    x = np.random.default_rng(0).normal(size=(1030, 8)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype("int32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras_acts.compare(
        build,
        ACTIVATIONS,
        (x[:700], y[:700], x[700:], y[700:]),
        epochs=60,
        seeds=4,
        seeds_at_once=2,
        compile={"optimizer": keras.optimizers.Adam(0.01), "loss": loss, "metrics": ["accuracy"]},
        directory=directory,
        executor=executor,
        verbose=0,
    )


def kill_one(folder, notes, killed):
    """Once a run is on disk and two workers are at work, kill the one that came last."""
    while not (list(folder.glob("runs/*/*.json")) and len(workers := workers_of(notes)) > 1):
        time.sleep(0.02)
    os.kill(workers[-1], signal.SIGKILL)
    killed.append((workers[-1], len(list(folder.glob("runs/*/*.json")))))


def workers_of(notes):
    """The processes that built a model, without this one, the first to come first."""
    noted = sorted(notes.iterdir(), key=lambda note: note.stat().st_mtime)
    return [int(note.name) for note in noted if int(note.name) != os.getpid()]


def on_pool(folder):
    """Two processes of a pool."""
    return study(folder, executor=2)


def on_loky(folder):
    """Two processes of loky's pool."""
    from joblib.externals import loky

    return study(folder, executor=lambda: loky.ProcessPoolExecutor(2))


def on_ray(folder):
    """Two workers of a Ray cluster."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        return study(folder, executor=RayExecutor())
    finally:
        ray.shutdown()


def on_folder(folder):
    """Two processes that know nothing of each other."""
    both = [subprocess.Popen([sys.executable, __file__, "--share", str(folder)]) for _ in range(2)]
    while None in (codes := [process.poll() for process in both]):
        time.sleep(0.1)
    assert sorted(codes) == [-signal.SIGKILL, 0]
    return Study.read(folder)


def on_devices(folder):
    """Two devices of one process, which JAX makes of a CPU."""
    flags = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, __file__, "--share", str(folder)], env=flags, check=True)
    return Study.read(folder)


WAYS = {"pool": on_pool, "loky": on_loky, "folder": on_folder, "ray": on_ray, "devices": on_devices}


def plain(runs):
    """The records without the time they took."""
    return sorted(([{**run, "seconds": 0} for run in runs]), key=lambda run: (run["label"], run["seed"]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", help=f"of {', '.join(WAYS)}; default: all")
    parser.add_argument("--share", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.share:
        study(options.share)
        sys.exit()
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}; expected some of {', '.join(WAYS)}")
    warnings.simplefilter("ignore")  # that a worker died
    print(f"serial study on {keras.backend.backend()} ...", flush=True)
    serial = plain(study().runs)
    failed = False
    for way in options.ways or WAYS:
        with tempfile.TemporaryDirectory() as here:
            folder, notes, killed = Path(here, "study"), Path(here, "workers"), []
            notes.mkdir()
            os.environ["STUDY_WORKERS"] = str(notes)
            if way != "devices":
                threading.Thread(target=kill_one, args=(folder, notes, killed), daemon=True).start()
            started = time.perf_counter()
            found = plain(WAYS[way](folder).runs)
            equal = found == serial
            failed |= not (equal and (killed or way == "devices"))
            print(
                f"{way:8}{time.perf_counter() - started:5.0f} s  {len(found)} of {len(serial)} runs, "
                f"{'equal' if equal else 'NOT equal'} to the serial ones"
                + (f"; a worker was killed after {killed[0][1]} of them" if killed else ""),
                flush=True,
            )
    sys.exit(failed)
