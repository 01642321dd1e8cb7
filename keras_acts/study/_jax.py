"""JAX: one program trains all seeds of a model for a whole epoch.

Imports JAX because this is what makes a study fast: `jit` over an epoch, over seeds, and over devices has no words in
Keras. The step itself is the model's own `train_step`, as in `fit`.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from keras_acts.study._health import health, report
from keras_acts.study._job import Job, Outcome, all_diverged, clock, order

# What a model raises that cannot be traced through a whole epoch: it asks for numbers, changes types, or is too large.
UNTRACEABLE = (TypeError, AttributeError, NotImplementedError, jax.errors.JAXIndexError, jax.errors.JaxRuntimeError)
_LITTLE = 5e8  # products in training a seed, below which compiling well takes longer than it saves ten seeds
_MANY = 16  # steps of an epoch, so that one step at a third of the speed is no loss


class Program:
    """Trains the model of a job from several seeds together.

    Args:
        job: What to train.
        width: How many seeds at most.
    """

    def __init__(self, job: Job, width: int) -> None:
        self.job = job
        model = job.model
        groups = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        places = {id(variable): place for place, variable in enumerate(job.start.variables)}
        self._groups = [[places[id(variable)] for variable in group] for group in groups]
        metrics = [jnp.asarray(variable.value) for variable in model.metrics_variables]
        devices = jax.local_devices()[:width]
        # Every device always gets the same number of seeds, so that one compiled program serves all chunks.
        self._width = -(-width // len(devices)) * len(devices)
        self._spread = _Spread(devices)
        sets = (job.data.training, job.data.validation, job.probe())
        self._train_set, self._val_set, self._probe = jax.device_put(sets, self._spread.everywhere)
        self._metrics = [np.broadcast_to(value, (self._width, *value.shape)) for value in metrics]
        self._metrics = jax.device_put(self._metrics, self._spread.sharding)
        # The last batch of an epoch is smaller, and another program. Where it is one of many, it is compiled quickly.
        steps, self._rest = divmod(job.data.samples, job.batch_size)
        is_little = _products(job) < _LITTLE
        parts = {"shared": 1, "donate": (0,)}
        self._steps = self._spread(self._train, quickly=is_little, **parts)
        self._last_step = self._spread(self._train, quickly=is_little or steps >= _MANY, **parts)
        self._judge = self._spread(self._validate, shared=1, quickly=is_little)
        self._look: Callable | None = None

    def train(self, seeds: Sequence[int], tick: Callable[[int], None]) -> Iterator[Outcome]:
        """Train from each seed; gives the outcomes when all are done."""
        job, filled = self.job, [*seeds] + [seeds[0]] * (self._width - len(seeds))
        values = [job.start.values(seed) for seed in filled]
        state = [[np.stack([value[place] for value in values]) for place in group] for group in self._groups]
        state = jax.device_put(state, self._spread.sharding)
        before = self._health(state)
        curves: list[list[dict[str, float]]] = []
        seconds, since = [], clock()
        for epoch in range(job.epochs):
            rows = np.stack([order(seed, epoch, job.data.samples) for seed in filled])
            state, logs = self._one_epoch(state, rows)
            logs = jax.device_get(logs)
            curves.append([{name: float(value[i]) for name, value in logs.items()} for i in range(len(seeds))])
            seconds.append(since() / len(seeds))
            tick(len(seeds))
            if all_diverged(curves[-1]):
                tick(len(seeds) * (job.epochs - epoch - 1))
                break
        after = self._health(state)
        for i in range(len(seeds)):
            mine = jax.tree.map(lambda array, i=i: array[i], (before, after))
            yield Outcome([logs[i] for logs in curves], report(*mine[0]), report(*mine[1]), seconds)

    def _one_epoch(self, state: Any, rows: np.ndarray) -> Any:
        metrics, logs = self._metrics, {}
        whole = rows.shape[1] - self._rest
        for program, part in ((self._steps, rows[:, :whole]), (self._last_step, rows[:, whole:])):
            if part.size:
                part = jax.device_put(part, self._spread.sharding)
                state, metrics, logs = program(state, metrics, part, self._train_set)
        if self._val_set is not None:
            judged = self._judge(state[:2], self._metrics, self._val_set)
            logs = logs | {f"val_{name}": value for name, value in judged.items()}
        return state, logs

    def _train(self, state: Any, metrics: Any, rows: Any, arrays: Any) -> Any:
        state, logs = _scan(self.job.model.train_step, (*state, metrics), arrays, rows, self.job.batch_size)
        return list(state[:3]), state[3], logs

    def _validate(self, state: Any, metrics: Any, arrays: Any) -> Any:
        rows = jnp.arange(len(jax.tree.leaves(arrays)[0]))
        return _scan(self.job.model.test_step, (*state, metrics), arrays, rows, self.job.validation_batch)[1]

    def _health(self, state: Any) -> Any:
        def looker(look: bool) -> Callable:
            return self._spread(
                lambda state, x, y: _health(self.job, state[0], state[1], x, y, look), shared=2, quickly=True
            )

        self._look = self._look or looker(True)
        try:
            return jax.device_get(self._look(state, *self._probe))
        except jax.errors.UnexpectedTracerError:
            # An activation inside a loop of the model, such as a recurrent cell's, cannot be seen from outside it.
            self._look = looker(False)
            return jax.device_get(self._look(state, *self._probe))


def _products(job: Job) -> float:
    """How many numbers are multiplied to train one seed, at most: each weight meets each position of each sample."""
    positions = max(math.prod(array.shape[1:-1]) for array in jax.tree.leaves(job.data.training[0]))
    return 6.0 * job.model.count_params() * positions * job.data.samples * job.epochs


def _scan(step: Callable, state: Any, arrays: Any, rows: Any, size: int) -> Any:
    """Run `step` over batches of `rows`, the last of which may be smaller; return the state and the last logs."""

    def advance(state: Any, at: Any) -> Any:
        logs, state = step(state, jax.tree.map(lambda array: jnp.take(array, at, axis=0), arrays))
        return state, logs

    whole = len(rows) // size * size
    logs: Any = {}
    if whole:
        state, stacked = jax.lax.scan(advance, state, rows[:whole].reshape(-1, size))
        logs = jax.tree.map(lambda array: array[-1], stacked)
    if whole < len(rows):
        state, logs = advance(state, rows[whole:])
    return state, logs


class _Spread:
    """Turns a function of one seed into a compiled one of all seeds, spread over the devices.

    On a CPU the seeds of a device run one after the other inside the program: measured on the digits, batching their
    small matrix products gains nothing there, and a convolution with a kernel per seed loses much. On an accelerator
    they run side by side.
    """

    def __init__(self, devices: list[Any]) -> None:
        self.mesh = Mesh(np.array(devices), ("seeds",))
        self.sharding = NamedSharding(self.mesh, PartitionSpec("seeds"))
        self.everywhere = NamedSharding(self.mesh, PartitionSpec())
        self.side_by_side = devices[0].platform != "cpu"

    def __call__(
        self, function: Callable, shared: int, donate: tuple[int, ...] = (), quickly: bool = False
    ) -> Callable:
        """The compiled function; its last `shared` arguments are the same for all seeds.

        `quickly` compiles in a sixth of the time what runs so seldom that compiling would take longer than running.
        """

        def per_device(*args: Any) -> Any:
            own, common = args[:-shared], args[-shared:]
            if self.side_by_side:
                return jax.vmap(lambda *each: function(*each, *common))(*own)
            # XLA would dissolve a loop over one seed, and quickly compiled it would then round differently.
            is_alone = quickly and len(jax.tree.leaves(own)[0]) == 1
            own = jax.tree.map(lambda array: jnp.concatenate([array, array]), own) if is_alone else own
            results = jax.lax.map(lambda each: function(*each, *common), own)
            return jax.tree.map(lambda array: array[:1], results) if is_alone else results

        def over_devices(*args: Any) -> Any:
            if self.mesh.size == 1:
                return per_device(*args)
            one_each, same = PartitionSpec("seeds"), PartitionSpec()
            specs = (*[one_each] * (len(args) - shared), *[same] * shared)
            return jax.shard_map(per_device, mesh=self.mesh, in_specs=specs, out_specs=one_each, check_vma=False)(*args)

        options = _quick_compilation() if quickly and not self.side_by_side else None
        return jax.jit(over_devices, donate_argnums=donate, compiler_options=options)


@functools.cache
def _quick_compilation() -> dict[str, Any] | None:
    """Options that make XLA compile for the CPU quickly, if this release knows them."""
    options = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 0}
    try:
        jax.jit(lambda x: x + 1, compiler_options=options)(0.0)
    except jax.errors.JaxRuntimeError:
        return None
    return options


def _health(job: Job, trainable: Any, non_trainable: Any, x: Any, y: Any, look: bool) -> Any:
    loss = jax.value_and_grad(lambda values: health(job.model, values, non_trainable, x, y, look), has_aux=True)
    (_, shares), gradients = loss(trainable)
    return shares, [jnp.linalg.norm(gradients[i]) for i in job.start.kernels]


def health_of(job: Job) -> dict[str, Any]:
    """The health of the model as it is."""
    trainable = [variable.value for variable in job.model.trainable_variables]
    non_trainable = [variable.value for variable in job.model.non_trainable_variables]
    x, y = job.probe()
    try:
        return report(*jax.device_get(_health(job, trainable, non_trainable, x, y, look=True)))
    except jax.errors.UnexpectedTracerError:
        return report(*jax.device_get(_health(job, trainable, non_trainable, x, y, look=False)))
