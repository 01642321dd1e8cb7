"""A study on executors: every task gets done, those of a dead worker again, and a pool that cannot work is refused."""

import concurrent.futures
import multiprocessing
import threading
from pathlib import Path

import pytest
from joblib.externals import loky  # scikit-learn brings it
from study_models import build, data, record, settings
from study_workers import square

from keras_acts.study import RayExecutor, _runner, compare
from keras_acts.study._executors import spread


class Pool:
    """Runs tasks at once; the first `deaths` of them find the pool broken, as after the death of a worker."""

    def __init__(self, deaths=0):
        self.deaths, self.tasks, self.open = deaths, [], True

    def submit(self, function, /, *args):
        future = concurrent.futures.Future()
        self.tasks.append(args)
        if self.deaths:
            self.deaths -= 1
            future.set_exception(concurrent.futures.BrokenExecutor("a worker died"))
        else:
            future.set_result(function(*args))
        return future

    def shutdown(self, **_):
        self.open = False


def spread_numbers(executor, count=6):
    done = {}
    spread([(i,) for i in range(count)], lambda i: i * i, executor, lambda task, result: done.update({task[0]: result}))
    return done


SQUARES = {i: i * i for i in range(6)}


def test_every_task_is_done_once():
    pool = Pool()
    assert spread_numbers(pool) == SQUARES
    assert len(pool.tasks) == 6
    assert pool.open  # it belongs to the caller


def test_tasks_of_a_dead_worker_are_done_again_in_a_new_pool():
    pools = [Pool(deaths=2), Pool(deaths=1), Pool()]
    waiting = iter(pools)
    with pytest.warns(UserWarning, match="done again in a new pool"):
        assert spread_numbers(lambda: next(waiting)) == SQUARES
    assert not any(pool.open for pool in pools)


@pytest.mark.parametrize("executor", [2, lambda: loky.ProcessPoolExecutor(2)], ids=["spawned", "loky"])
def test_the_death_of_a_process_loses_nothing(tmp_path, executor):
    done = {}
    tasks = [(i, str(tmp_path)) for i in range(6)]
    with pytest.warns(UserWarning, match="done again in a new pool"):
        spread(tasks, square, executor, lambda task, result: done.update({task[0]: result}))
    assert done == SQUARES
    assert (tmp_path / "died").exists()


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=here)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("default")  # what Ray warns of is its own
def test_ray_does_again_what_a_dead_worker_did_not_finish(cluster, tmp_path):
    done = {}
    tasks = [(i, str(tmp_path)) for i in range(6)]
    spread(tasks, square, RayExecutor(), lambda task, result: done.update({task[0]: result}))
    assert done == SQUARES
    assert (tmp_path / "died").exists()


def test_a_study_gives_up_when_workers_only_die():
    with pytest.warns(UserWarning, match="A worker"), pytest.raises(RuntimeError, match=r"died 4 times in a row"):
        spread_numbers(lambda: Pool(deaths=9))


def test_a_pool_of_the_callers_that_breaks_is_not_replaced():
    with pytest.warns(UserWarning, match="A worker"), pytest.raises(RuntimeError, match="pass `executor=lambda"):
        spread_numbers(Pool(deaths=1))


def test_an_error_in_a_task_is_shown():
    with pytest.raises(ZeroDivisionError):
        spread([(0,)], lambda i: 1 / i, Pool(), lambda task, result: None)


def test_a_forking_pool_is_refused():
    context = multiprocessing.get_context("fork")
    with (
        concurrent.futures.ProcessPoolExecutor(1, context) as pool,
        pytest.raises(ValueError, match="expected one that spawns"),
    ):
        spread_numbers(pool)


@pytest.mark.parametrize("directory", [True, False])
def test_a_study_on_threads_keeps_what_they_did(tmp_path, monkeypatch, directory):
    """Training is replaced by its record, because this is about who does what."""
    trained, lock = [], threading.Lock()

    def train(plan, variant, seeds, tick, chunk=None):
        for seed in seeds:
            with lock:
                trained.append((variant.label, seed))
            yield record(variant, seed, plan.backend)

    monkeypatch.setattr(_runner, "train", train)
    arguments = {"data": data(), "seeds": 4, "directory": tmp_path if directory else None, **settings()}
    serial = compare(build, ["relu", "tanh"], **{**arguments, "directory": None})
    trained.clear()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        study = compare(build, ["relu", "tanh"], executor=pool, seeds_at_once=2, **arguments)
    assert study.runs == serial.runs
    assert sorted(trained) == [(label, seed) for label in ("relu", "tanh") for seed in range(4)]
    assert len(list(tmp_path.glob("runs/*/*.json"))) == (8 if directory else 0)
