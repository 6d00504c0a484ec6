"""Many starts in lanes: one after the other in a thread, or several at a time in processes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from condenslab.landscape.critical.helpers import Helpers, sendable
from condenslab.landscape.critical.rounds import LANE, Criteria, Finished, batch_size, run_lane
from condenslab.risk import Risk


@dataclass(eq=False)
class Harvest:
    """What the members ended as; those that have not finished stand at their start, with an infinite gradient.

    Attributes:
        theta: θ, shape (start, param).
        gradient: ∇R(θ), shape (start, param).
        hessian: ∇²R(θ), shape (start, param, param).
        finished: Whether the search came to its end, shape (start,).
        escaped: Whether it was given up outside of the data, shape (start,).
        interrupted: Whether Ctrl-C ended it.
    """

    theta: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    finished: np.ndarray
    escaped: np.ndarray
    interrupted: bool = False

    def take(self, first: int, found: Finished) -> None:
        """Takes what has finished in a lane.

        Args:
            first: Number of the lane's first start.
            found: What has finished.
        """
        places = first + found.places
        self.theta[places], self.gradient[places], self.hessian[places] = found.theta, found.gradient, found.hessian
        self.escaped[places], self.finished[places] = found.escaped, True


def run(
    risk: Risk,
    like: PyTree,
    starts: np.ndarray,
    descents: np.ndarray,
    criteria: Criteria,
    *,
    memory: int,
    helpers: Helpers,
) -> Harvest:
    """Searches from every start: damped Gauss–Newton steps downhill, then damped Newton steps to the next root of ∇R.

    With D = diag(GN)^(−1/2), S = D·H·D = V·Λ·Vᵀ and c = Vᵀ·D·∇R the step is −D·V·(c/(Λ + λ)) with the Gauss–Newton
    part GN in place of H while a member descends, and −D·V·(Λ·c/(Λ² + λ²)) afterwards: the minimiser of
    ‖D(∇R + Hδ)‖² + λ²‖D⁻¹δ‖², a Levenberg–Marquardt step on the gradient, which is as ready to end on a saddle as on a
    minimum. A step is kept if it lowers R, or afterwards ‖D∇R‖; λ is then multiplied by 0.3, otherwise by 3.

    Starts are cut into lanes, one after the other in a thread, so that Ctrl-C never falls into a round (one thread: two
    programs with batched eigendecompositions at a time can wait for each other for ever in XLA's thread pool), or in
    several processes, which changes no number, for a lane is the same wherever it runs. In
    a lane a batch of a power of two of members takes `ROUND` steps at a time in one compiled program. What has finished
    is replaced by the next starts; when those run out, the rest is repacked into smaller batches of one more size.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        starts: θ of every start, shape (start, param).
        descents: Steps of descent of each, shape (start,).
        criteria: When a member has finished.
        memory: Bytes that a batch may hold.
        helpers: Processes that search at a time, where there are lanes for several.

    Returns:
        Where the members ended. After Ctrl-C those that had finished are kept.
    """
    count, size = starts.shape
    infinite = np.full((count, size), np.inf)
    flags = np.zeros((2, count), dtype=bool)
    harvest = Harvest(starts.copy(), infinite, np.full((count, size, size), np.inf), flags[0], flags[1])
    batch = batch_size(risk, size, memory, count)
    wide = jnp.result_type(float) == jnp.float64  # a context manager of JAX holds in one thread only
    lanes = [
        _Lane(risk, like, starts[low : low + LANE], descents[low : low + LANE], batch, criteria, wide)
        for low in range(0, count, LANE)
    ]
    messages = sendable(lanes) if min(helpers.processes, len(lanes)) > 1 else None
    try:
        if messages is None:
            _in_a_thread(lanes, harvest)
        else:
            for number, kind, found in helpers.each(serve_lane, messages):
                if kind == "told":
                    harvest.take(number * LANE, found)
    except KeyboardInterrupt:
        harvest.interrupted = True
    return harvest


@dataclass(frozen=True, eq=False)
class _Lane:
    """All that the search from the starts of a lane needs, here or in another process."""

    risk: Risk
    like: PyTree
    starts: np.ndarray
    descents: np.ndarray
    batch: int
    criteria: Criteria
    wide: bool

    def run(self, deposit: Callable[[Finished], None], stopped: Callable[[], bool]) -> None:
        with jax.enable_x64(self.wide):
            run_lane(self.risk, self.like, self.starts, self.descents, self.batch, self.criteria, deposit, stopped)


def serve_lane(lane: _Lane, tell: Callable[[Finished], None]) -> None:
    """Searches in another process; what has finished is told round after round.

    Args:
        lane: The lane.
        tell: Called with what has finished.
    """
    lane.run(tell, lambda: False)


def _in_a_thread(lanes: Sequence[_Lane], harvest: Harvest) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="condenslab") as pool:
        futures = [
            pool.submit(lane.run, partial(harvest.take, number * LANE), lambda: harvest.interrupted)
            for number, lane in enumerate(lanes)
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:
            harvest.interrupted = True
            raise
