"""Loads models with something wrong in their file, for as long as asked, and reports what became of them.

    KERAS_BACKEND=jax python tests/benchmarks/fuzz.py --minutes 10 --seed 0 --out found

The mutations are those of tests/fuzzing.py. A process of its own loads the files, so that one that breaks it is found,
and the next goes on behind it. Files that did anything but load or be refused are kept in the folder, under the seed
and the number that make them again. Ends with exit status 1 where there are any.
"""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOOD = ("refused", "loaded")
AT_ONCE = 50  # files made from one model


def load_files(seed, number, out):
    """Go on from a number until stopped; a line of JSON before each file and one after it."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import fuzzing

    parts = expected = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        while True:
            if parts is None or number % AT_ONCE == 0:
                names = random.Random(f"{seed} {number // AT_ONCE}").sample(fuzzing.NAMES, 8)  # noqa: S311
                model = fuzzing.model_of(names)
                expected = {name: fuzzing.to_numpy(y) for name, y in model(fuzzing.X).items()}
                parts = fuzzing.parts_of(model)
                path.write_bytes(fuzzing.packed(parts))
                fuzzing.keras.saving.load_model(path)  # so that what Python imports late is imported
            how, data = fuzzing.tampered_file(parts, random.Random(f"{seed} {number}"))  # noqa: S311
            path.write_bytes(data)
            print(json.dumps([number, how, "begun"]), flush=True)
            try:
                result = fuzzing.outcome(path, expected if how == "bytes" else None)
            except (AssertionError, fuzzing.CodeExecutedError, fuzzing.HangError) as error:
                result = f"{type(error).__name__}: {error}"
                Path(out, f"{seed}_{number}.keras").write_bytes(data)
            print(json.dumps([number, how, result]), flush=True)
            number += 1


def main():
    """Start processes that load files until the time is over, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="found", help="folder for the files that are to be looked at")
    parser.add_argument("--from", dest="number", type=int, default=0, help="number of the first file")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)  # what the processes are told
    asked = parser.parse_args()
    Path(asked.out).mkdir(exist_ok=True)
    if asked.load:
        load_files(asked.seed, asked.number, asked.out)
    end, number, counts, bad = time.monotonic() + 60 * asked.minutes, asked.number, collections.Counter(), []
    while time.monotonic() < end:
        command = [sys.executable, __file__, "--load", f"--seed={asked.seed}", f"--from={number}", f"--out={asked.out}"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        timer = threading.Timer(end - time.monotonic(), child.kill)
        timer.start()
        begun = None
        for line in child.stdout:
            number, how, result = json.loads(line)
            begun = how if result == "begun" else None
            if begun is None:
                counts[how, result if result in GOOD else "bad"] += 1
                bad += [] if result in GOOD else [(number, how, result)]
                number += 1
        timer.cancel()
        if child.wait() and time.monotonic() < end:
            bad.append((number, begun, f"the process ended with exit status {child.returncode}"))
            counts[begun, "bad"] += 1
            number += 1
    print(f"{sum(counts.values())} files on {os.environ.get('KERAS_BACKEND')}, seed {asked.seed}\n")
    print("| what was wrong | refused | loaded as what it says | to be looked at |\n|---|---|---|---|")
    for how in sorted({how for how, _ in counts}, key=str):
        print(f"| {how} | {' | '.join(str(counts[how, kind]) for kind in (*GOOD, 'bad'))} |")
    for each in bad:
        print("number {}, {}: {}".format(*each))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
