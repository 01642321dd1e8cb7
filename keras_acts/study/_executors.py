"""Parts of a study on other processes and machines, by an engine that exists; nothing of the kind is built here."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

_TRIES = 3  # how often in a row a pool may break without a task getting done


class RayExecutor:
    """Ray as an executor: `compare(..., executor=RayExecutor())` runs on the cluster that Ray is connected to.

    Needs the extra `keras-acts[scale]`. Ray starts a task again when its worker dies.

    Args:
        **options: Options of `ray.remote`, such as `num_gpus=1`.
    """

    def __init__(self, **options: Any) -> None:
        import ray  # pyright: ignore[reportMissingImports]

        if not ray.is_initialized():
            ray.init()
        environment = {"env_vars": {"KERAS_BACKEND": keras.backend.backend()}}
        self._options = {"max_retries": _TRIES, "runtime_env": environment, **options}
        self._remote = ray.remote

    def submit(self, function: Callable, /, *args: Any) -> concurrent.futures.Future:
        """Start a task."""
        return self._remote(function).options(**self._options).remote(*args).future()


def spread(
    tasks: Sequence[tuple[Any, ...]],
    function: Callable,
    executor: Any,
    finished: Callable[[tuple[Any, ...], Any], None],
) -> None:
    """Call `function(*task)` for every task on an executor, and `finished(task, result)` here as they come in.

    Tasks whose worker died are done again, in a new pool where the old one broke.

    Raises:
        RuntimeError: Workers die again and again without finishing a task.
    """
    waiting: dict[concurrent.futures.Future, tuple[Any, ...]] = {}
    left = list(tasks)
    tries = 0
    with _pools(executor) as new_pool, contextlib.ExitStack() as stopping:
        stopping.callback(lambda: [future.cancel() for future in waiting])  # after an error, what has not begun
        pool = new_pool()
        while left or waiting:
            try:
                while left:
                    waiting[pool.submit(function, *left[-1])] = left[-1]
                    left.pop()
                broken = None
            except concurrent.futures.BrokenExecutor as error:
                broken = error
            done, _ = concurrent.futures.wait(
                waiting, return_when=concurrent.futures.ALL_COMPLETED if broken else concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                task = waiting.pop(future)
                try:
                    result = future.result()
                except concurrent.futures.BrokenExecutor as error:
                    broken = error
                    left.append(task)
                else:
                    tries = 0
                    finished(task, result)
            if broken:
                tries += 1
                if tries > _TRIES:
                    raise RuntimeError(
                        f"The workers of a study died {tries} times in a row without finishing a task; expected them "
                        "to live. Either memory ran out (use fewer workers), or they cannot import `build` (write it "
                        "in a file, and start the study under `if __name__ == '__main__':`); `executor=None` needs "
                        "neither."
                    ) from broken
                for future, task in waiting.items():  # a broken pool fails them all, some a moment later
                    left.append(task)
                    future.cancel()
                waiting.clear()
                warnings.warn("A worker of the study died; its work is done again in a new pool.", stacklevel=4)
                pool = new_pool()


@contextlib.contextmanager
def _pools(executor: Any) -> Iterator[Callable[[], Any]]:
    """A function that gives the executor at first, and one like it whenever it is called again."""
    os.environ.setdefault("KERAS_BACKEND", keras.backend.backend())  # a new process must choose the same
    made: list[Any] = []
    if isinstance(executor, int):
        workers, context = executor, multiprocessing.get_context("spawn")

        def another() -> Any:
            return concurrent.futures.ProcessPoolExecutor(workers, context)

    elif isinstance(executor, concurrent.futures.ProcessPoolExecutor):
        settings = {
            name: getattr(executor, f"_{name}") for name in ("max_workers", "mp_context", "initializer", "initargs")
        }
        if settings["mp_context"].get_start_method() == "fork":
            raise ValueError(
                "compare got a ProcessPoolExecutor that forks, and a forked process hangs in TensorFlow and JAX; "
                'expected one that spawns: pass `mp_context=multiprocessing.get_context("spawn")`, or `executor=2`.'
            )

        def another() -> Any:
            return concurrent.futures.ProcessPoolExecutor(**settings)

    elif hasattr(executor, "submit"):

        def another() -> Any:
            raise RuntimeError(
                f"The executor of a study, {type(executor).__name__}, broke; expected it to last, or a function that "
                "makes a new one: pass `executor=lambda: ...`."
            )

    elif callable(executor):
        another = executor
    else:
        raise TypeError(
            f"compare expected `executor` as a number of processes, an object with `submit`, or a function that makes "
            f"one, got {executor!r}; pass 2, or None to train in this process."
        )
    first = executor if hasattr(executor, "submit") else None

    def new_pool() -> Any:
        nonlocal first
        if first is not None:
            given, first = first, None
            return given
        made.append(another())
        return made[-1]

    try:
        yield new_pool
    finally:
        for pool in made:
            if hasattr(pool, "shutdown"):
                pool.shutdown()  # no word more: loky has other arguments than the standard library
