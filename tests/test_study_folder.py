"""A study on disk: nothing finished is lost, nothing is mixed, and several processes can work on it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from study_models import build, compile_arguments, data, record, settings

from keras_acts.study import Study, _folder, _runner, compare
from keras_acts.study._folder import Folder
from keras_acts.study._variants import Variant

RELU = Variant("relu", "relu", {})


@pytest.fixture
def trained(monkeypatch):
    """Replaces training by a note of what would be trained; returns the notes."""
    done = []

    def train(plan, variant, seeds, tick, chunk=None):
        for seed in seeds:
            done.append((variant.label, seed))
            tick(plan.epochs)
            yield record(variant, seed)

    monkeypatch.setattr(_runner, "train", train)
    return done


def test_a_study_goes_on_where_it_was(tmp_path, trained, monkeypatch):
    arguments = {"data": data(), "directory": tmp_path, **settings()}
    save = Folder.save

    def save_two(self, variant, run):
        save(self, variant, run)
        if len(self.records()) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Folder, "save", save_two)
    with pytest.raises(KeyboardInterrupt):
        compare(build, ["relu", "tanh"], seeds=3, **arguments)
    assert len(Study.read(tmp_path).runs) == 5
    monkeypatch.setattr(Folder, "save", save)
    trained.clear()
    study = compare(build, ["relu", "tanh"], seeds=3, **arguments)
    assert trained == [("tanh", 2)]
    assert len(study.runs) == 6
    trained.clear()
    assert str(compare(build, ["relu", "tanh"], seeds=3, **arguments)) == str(study)
    assert trained == []
    # More activations and seeds may be added; the result holds what was asked for, the folder holds all.
    assert len(compare(build, ["elu", "relu"], seeds=[2, 3], **arguments).runs) == 4
    assert trained == [("elu", 2), ("elu", 3), ("relu", 3)]
    assert len(Study.read(tmp_path).runs) == 9
    assert not list((tmp_path / "claims").iterdir())


def other_build(activation):
    model = build(activation)
    model.add(build(activation).layers[-1].__class__(2))
    return model


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"epochs": 4}, "epochs"),
        ({"batch_size": 16}, "batch size"),
        ({"data": data(1)}, "data"),
        ({"build": other_build}, "model"),
        ({"compile": compile_arguments(0.02)}, "model"),
    ],
)
def test_another_study_is_not_mixed_in(tmp_path, trained, changes, named):
    arguments = {
        "build": build,
        "activations": ["relu"],
        "data": data(),
        "directory": tmp_path,
        "seeds": 1,
        **settings(),
    }
    compare(**arguments)
    with pytest.raises(ValueError, match=f"holds a study with other {named} .*pass another"):
        compare(**{**arguments, **changes})


def test_a_file_is_there_completely_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "run.json"
    _folder.write_json(path, {"a": 1})
    monkeypatch.setattr(json, "dump", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        _folder.write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [each.name for each in path.parent.iterdir()] == ["run.json"]


def test_records_survive_exactly(tmp_path):
    folder = Folder(tmp_path)
    run = record(RELU, 3) | {"curves": {"loss": [0.1, float(np.float32(0.1)), float("inf"), 1e-300]}}
    folder.save(RELU, run)
    assert folder.run(RELU, 3) == run
    assert folder.run(RELU, 4) is None
    (tmp_path / "runs" / folder.place(RELU) / "4.json").write_text('{"half')
    assert folder.run(RELU, 4) is None
    assert len(folder.records()) == 1


def test_places_differ_and_stay_inside():
    labels = ["../../etc", "a/b", "a b", "a_b", "", "relu" * 40, "PReLU", "prelu", "ὑ"]
    places = [Folder(None).place(Variant(label, "relu", {})) for label in labels]
    assert len({place.lower() for place in places}) == len(labels)
    assert not any(set(place) & set("/\\: ") or place.startswith(".") or len(place) > 80 for place in places)


def test_a_claim_is_for_one(tmp_path, monkeypatch):
    one, two = Folder(tmp_path), Folder(tmp_path)
    with one.claim(RELU) as mine, two.claim(RELU) as theirs, two.claim(Variant("tanh", "tanh", {})) as other:
        assert (mine, theirs, other) == (True, False, True)
    with two.claim(RELU) as mine:
        assert mine
    # Alive, it is touched; untouched for a while, it is nobody's.
    monkeypatch.setattr(_folder, "_HEARTBEAT", 0.05)
    monkeypatch.setattr(_folder, "_STALE", 0.5)
    with one.claim(RELU):
        time.sleep(0.8)
        with two.claim(RELU) as mine:
            assert not mine
    (tmp_path / "claims" / f"{one.place(RELU)}.json").write_text('{"host": "elsewhere", "process": 1}')
    with two.claim(RELU) as mine:
        assert not mine
    time.sleep(0.6)
    with two.claim(RELU) as mine:
        assert mine


def test_a_claim_of_a_dead_process_is_taken_over_at_once(tmp_path):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    folder = Folder(tmp_path)
    _folder.write_json(
        tmp_path / "claims" / f"{folder.place(RELU)}.json",
        {"host": _folder.socket.gethostname(), "process": int(child.stdout)},
    )
    with folder.claim(RELU) as mine:
        assert mine


def test_of_many_only_one_takes_an_abandoned_claim(tmp_path):
    path = tmp_path / "claims" / "x.json"
    for _ in range(20):
        _folder.write_json(path, {"host": "elsewhere", "process": 1})
        os.utime(path, (1, 1))
        barrier, winners = threading.Barrier(8), []

        def take(barrier=barrier, winners=winners):
            barrier.wait()
            if _folder._take(path):
                winners.append(1)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(winners) >= 1  # a slow one may take it from a new owner: twice the work, the same records
        assert path.exists()
        path.unlink()


def test_two_share_a_folder(tmp_path, trained, monkeypatch):
    monkeypatch.setattr(_runner, "_WAIT", 0.05)
    folder = Folder(tmp_path)
    results = []

    def work():
        arguments = {"data": data(), "directory": tmp_path, "seeds": 2, **settings()}
        results.append(compare(build, ["relu", "tanh", "elu"], **arguments))

    with folder.claim(RELU) as mine:
        assert mine
        thread = threading.Thread(target=work)
        thread.start()
        while len(folder.records()) < 4:
            time.sleep(0.02)
        time.sleep(0.2)
        assert ("relu", 0) not in trained
        assert not results
        folder.save(RELU, record(RELU, 0))
    thread.join()
    assert trained[-1] == ("relu", 1)
    assert len(results[0].runs) == 6


STUDY = """
import sys
sys.path[:0] = {paths!r}
from study_models import build, data, settings
from keras_acts.study import compare
compare(build, ["relu", "tanh"], data(), seeds=2, seeds_at_once=1, directory={directory!r}, **settings(epochs=40))
"""


def test_a_killed_study_resumes_bit_for_bit(tmp_path):
    here = Path(__file__).parent
    script = STUDY.format(paths=[str(here), str(here.parent)], directory=str(tmp_path / "killed"))
    child = subprocess.Popen([sys.executable, "-c", script])
    while not list((tmp_path / "killed").glob("runs/*/*.json")):
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = Study.read(tmp_path / "killed").runs
    assert 1 <= len(kept) < 4
    resumed = compare(build, ["relu", "tanh"], data(), seeds=2, directory=tmp_path / "killed", **settings(epochs=40))
    whole = compare(build, ["relu", "tanh"], data(), seeds=2, **settings(epochs=40))
    for one, other in zip(resumed.runs, whole.runs, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert all(run in resumed.runs for run in kept)
