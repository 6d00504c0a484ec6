"""Many runs in one program: over keys, scales, rates, targets, whatever is given as a list."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from condenslab.risk import EmpiricalRisk
from condenslab.training.descent import descend, prepare_descent
from condenslab.training.engine import Problem, Progress, drive
from condenslab.training.flow import flow, prepare_flow
from condenslab.training.trajectory import Stop, Trajectory


class Stack(eqx.Module):
    """Members of an ensemble given as one pytree whose arrays have a leading member axis.

    Attributes:
        tree: For example the result of `jax.vmap(initialise)(keys)`, shape (member, …) in every leaf.
    """

    tree: Any


def ensemble(
    train: Any,
    risk: EmpiricalRisk | Sequence[EmpiricalRisk] | Stack,
    network: Any,
    *method: Any,
    chunk: int | None = None,
    memory: int = 2**31,
    time_limit: float | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> list[Trajectory]:
    """Trains many members in one compiled program, in chunks that fit in memory.

    Args:
        train: The verb: `descend` or `flow`.
        risk: One for all, a list with one a member, or a `Stack`.
        network: Likewise.
        *method: For `descend` the method, likewise (a list of methods of one kind: `[GradientDescent(0.1), …]`).
        chunk: Members per program run; by default as many as fit in `memory`.
        memory: Bytes for the records and states of a chunk.
        time_limit: Wall seconds for each chunk.
        progress: Called with (fraction, text) between segments.
        **options: Those of the verb; `key`, `until`, and for `flow` `l2`, may be lists with one entry a member.

    Returns:
        One trajectory a member, in order. A member is the same as when it is trained alone, to rounding.

    Raises:
        ValueError: Nothing is a list, or lists of different lengths.
        TypeError: An unknown verb.
    """
    if train is descend:
        prepare, exhausted = prepare_descent, Stop.FINISHED
    elif train is flow:
        prepare, exhausted = prepare_flow, Stop.STEPS_EXHAUSTED
    else:
        raise TypeError(f"an ensemble needs training.descend or training.flow. Got {train!r}.")
    given = {"risk": risk, "network": network, **({"method": method[0]} if method else {}), **options}
    count = _member_count(given)
    first = prepare(**{name: _member(value, 0) for name, value in given.items()})
    size = chunk or max(1, min(count, memory // _bytes_per_member(first[1], len(first[2]))))
    results: list[Trajectory] = []
    for begin in range(0, count, size):
        # The last chunk repeats its last member, so that every chunk has the shapes of the one compiled program.
        numbers = [min(k, count - 1) for k in range(begin, begin + size)]
        own = [prepare(**{name: _member(value, k) for name, value in given.items()})[1] for k in numbers]
        shared, members = _split(own, given)
        done, part = begin / count, size / count
        report = None if progress is None else (lambda f, text, d=done, p=part: progress(min(1.0, d + f * p), text))
        runs = drive(first[0], shared, members, first[2], time_limit=time_limit, progress=report, exhausted=exhausted)
        results.extend(runs[: count - begin])
        if runs[0].stop is Stop.INTERRUPTED:
            break
    return results


def _is_listed(value: Any) -> bool:
    return isinstance(value, list | Stack)


def _member_count(given: dict[str, Any]) -> int:
    sizes = {
        name: len(value) if isinstance(value, list) else jax.tree.leaves(value.tree)[0].shape[0]
        for name, value in given.items()
        if _is_listed(value) and name not in ("record", "at")
    }
    if not sizes:
        raise ValueError(
            "an ensemble needs at least one list (or Stack) of risks, networks, methods or keys. Got none."
        )
    if len(set(sizes.values())) > 1:
        raise ValueError(f"the lists of an ensemble must have one entry a member each. Got lengths {sizes}.")
    return next(iter(sizes.values()))


def _member(value: Any, number: int) -> Any:
    if isinstance(value, Stack):
        return jax.tree.map(lambda leaf: leaf[number], value.tree)
    return value[number] if isinstance(value, list) else value


def _split(problems: list[Problem], given: dict[str, Any]) -> tuple[Problem, Problem]:
    """Returns what all members share and the stacked arrays in which they differ."""
    listed = {name for name, value in given.items() if _is_listed(value)}
    differs = {
        "risk": "risk" in listed,
        "network": "network" in listed,
        "method": "method" in listed,
        "key": "key" in listed,
        "until": "until" in listed,
        "extras": bool(listed & {"l2", "dropout", "rtol", "atol", "start_time"}),
    }
    mask = Problem(**differs)
    arrays = [eqx.filter(problem, eqx.is_array) for problem in problems]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(eqx.filter(a, _spread(mask, a)) for a in arrays))
    return eqx.filter(problems[0], _spread(mask, problems[0]), inverse=True), stacked


def _spread(mask: Problem, tree: Problem) -> Problem:
    """Returns a tree of booleans of the structure of `tree` from one boolean a field, true for arrays only."""
    return Problem(
        **{
            name: jax.tree.map(lambda leaf, on=getattr(mask, name): on and eqx.is_array(leaf), getattr(tree, name))
            for name in ("risk", "network", "method", "key", "until", "extras")
        }
    )


def _bytes_per_member(problem: Problem, segments: int) -> int:
    leaves = [leaf for leaf in jax.tree.leaves(problem.network) if eqx.is_array(leaf)]
    parameters = sum(leaf.nbytes for leaf in leaves)
    data = problem.risk.targets.nbytes + problem.risk.inputs.nbytes
    return max(1, 8 * parameters + data + 1024 * segments)
