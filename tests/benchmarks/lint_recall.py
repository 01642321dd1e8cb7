"""Which sick networks `lint` finds before any training, and which sound ones it leaves in peace.

    python tests/benchmarks/lint_recall.py

The programs are those of `monitor_detection.py`, built and compiled with weights drawn by NumPy, and not trained. Sick
is what was spoiled there on purpose. An alarm is an error or a warning; notes do not count. `lint` sees the model
alone, and then the data too. The programs were known when the rules were written, so this shows what the rules cover,
not how they do on networks unseen.
"""

import argparse
import collections
import time

import monitor_detection

from keras_acts.advice import lint

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    said = {with_inputs: collections.defaultdict(list) for with_inputs in (False, True)}
    milliseconds = []
    for program in (*monitor_detection.SOUND, *monitor_detection.FAULTY):
        for seed in range(options.seeds):
            model, x, y = monitor_detection.build(program, seed)
            for with_inputs, by_cause in said.items():
                started = time.perf_counter()
                found = lint(model, **({"x": x, "y": y} if with_inputs else {}))
                milliseconds.append(1000 * (time.perf_counter() - started))
                alarms = sorted({finding.rule for finding in found if finding.severity != "note"})
                by_cause[program.cause or "sound"].append(bool(alarms))
        print(f"{program.cause or 'sound':8}{program.name:32}{', '.join(alarms) or 'nothing'}", flush=True)
    print(f"\n{'cause':8}{'programs':>9}{'found':>7}{'given the inputs':>18}")
    for cause, alone in said[False].items():
        print(f"{cause:8}{len(alone):9}{sum(alone):7}{sum(said[True][cause]):18}")
    for with_inputs, by_cause in said.items():
        false = sum(by_cause.pop("sound"))
        alarms = [alarm for group in by_cause.values() for alarm in group]
        precision = sum(alarms) / max(sum(alarms) + false, 1)
        about = "given the inputs" if with_inputs else "the model alone"
        print(f"{about}: recall {sum(alarms) / len(alarms):.2f}, precision {precision:.2f}")
    print(f"{sorted(milliseconds)[len(milliseconds) // 2]:.1f} ms per model (median)")
