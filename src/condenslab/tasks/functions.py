"""The theory's own targets by name: each with its samples, its source and what is known of it."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.tasks import designs
from condenslab.tasks.arrays import count
from condenslab.tasks.task import Facts, Task, from_teacher
from condenslab.tasks.teachers import Teacher

_HELDOUT = 1000


def three_tanh(grid: str = "symmetric", samples: int = 50) -> Task:
    """Returns tanh(x − 7) + tanh(x) + tanh(x + 7) on an even grid, the target of the recovery study.

    Args:
        grid: "symmetric" on [−15, 15] (embedding principle) or "shifted" on [−15, 14] (local linear recovery).
        samples: n.

    Raises:
        UserError: No such grid.
        ValueError: `samples` is not a positive whole number.
    """
    ends = {"symmetric": 15.0, "shifted": 14.0}
    if grid not in ends:
        raise unknown("grid", grid, ends)
    teacher = Teacher(np.ones((3, 1)), np.array([-7.0, 0.0, 7.0]), np.ones((1, 3)), "tanh")
    source = {
        "symmetric": "lecture deck 000, exercise; Zhang et al., Embedding Principle, NeurIPS 2021, Fig. 1",
        "shifted": "Zhang et al., Local Linear Recovery, JMLR 26(69), 2025, Fig. 4",
    }[grid]
    notes = ("The papers state 50 points and draw them on about [-15, 15]; the exact grid is read off.",)
    return from_teacher(
        f"three_tanh_{grid}",
        teacher,
        designs.grid(-15.0, ends[grid], samples),
        designs.grid(-15.0, ends[grid], _HELDOUT),
        source=source,
        notes=notes if grid == "symmetric" else (),
    )


def two_tanh(samples: int = 50) -> Task:
    """Returns tanh(x − 6) + tanh(x + 6) on an even grid of [−15, 15], the target of condensation by dropout."""
    return from_teacher(
        "two_tanh",
        Teacher(np.ones((2, 1)), np.array([-6.0, 6.0]), np.ones((1, 2)), "tanh"),
        designs.grid(-15.0, 15.0, samples),
        designs.grid(-15.0, 15.0, _HELDOUT),
        source="Zhang & Xu, Implicit regularization of dropout, TPAMI 2024, Fig. 4",
        notes=("The paper states neither the samples nor their range; the grid is ours.",),
    )


def single_tanh(samples: int = 6) -> Task:
    """Returns tanh(x + 1) on an even grid of [−2, 2], the target of one neuron."""
    return from_teacher(
        "single_tanh",
        Teacher(np.ones((1, 1)), np.ones(1), np.ones((1, 1)), "tanh"),
        designs.grid(-2.0, 2.0, samples),
        designs.grid(-2.0, 2.0, _HELDOUT),
        source="single-neuron target, arXiv 2405.13787",
        notes=("A width-2 network recovers it from 6 samples at every small start, from 3 only exceptionally.",),
    )


def four_relu(samples: int = 20) -> Task:
    """Returns −R(x) + R(2(x + 0.3)) − R(1.5(x − 0.4)) + R(0.5(x − 0.8)) on an even grid of [−1, 1], R the ReLU."""
    slopes = np.array([1.0, 2.0, 1.5, 0.5])
    kinks = np.array([0.0, -0.3, 0.4, 0.8])
    return from_teacher(
        "four_relu",
        Teacher(slopes[:, None], 0.0 - slopes * kinks, np.array([[-1.0, 1.0, -1.0, 1.0]]), "relu"),
        designs.grid(-1.0, 1.0, samples),
        designs.grid(-1.0, 1.0, _HELDOUT),
        source="Xu, lecture notes, chapter on condensation, Fig. 1.5; An overview of condensation, arXiv 2504.09484",
        notes=("n = 20 is counted in the lecture notes' figure.",),
    )


def relu_pair(samples: int = 4) -> Task:
    """Returns 0.2·R(x − 1/3) + 0.2·R(−x − 1/3) on an even grid of [−1, 1], R the ReLU."""
    return from_teacher(
        "relu_pair",
        Teacher(np.array([[1.0], [-1.0]]), np.full(2, -1 / 3), np.full((1, 2), 0.2), "relu"),
        designs.grid(-1.0, 1.0, samples),
        designs.grid(-1.0, 1.0, _HELDOUT),
        source="dlphenomena/condensation, condense.ipynb",
    )


def square_on_four_points() -> Task:
    """Returns x² at −1/2, −1/6, 1/6, 1/2, the data of the phase diagram of two-layer ReLU networks."""
    x, heldout = designs.grid(-0.5, 0.5, 4), designs.grid(-0.5, 0.5, _HELDOUT)
    facts = Facts(
        source="Luo et al., Phase diagram, JMLR 22(71), 2021, Figs. 2, 3, 4 and 6",
        notes=("The paper says four points; which ones is inferred from its code and Fig. 2a.",),
    )
    return Task("square_on_four_points", x, x**2, heldout, heldout**2, facts)


def sine_5d(seed: int, samples: int = 80) -> Task:
    """Returns Σ_k 3.5·sin(5x_k + 1) in five dimensions at random points, uniform on [−4, 2]^5.

    Args:
        seed: Seed of the points; training sets of one seed are nested and share their held-out samples.
        samples: n.

    Raises:
        ValueError: The seed or the number of samples is out of range.
    """
    points = designs.uniform(seed, -4.0, 2.0, _HELDOUT + count("samples", samples), inputs=5)
    values = 3.5 * np.sum(np.sin(5.0 * points + 1.0), axis=1, keepdims=True)
    facts = Facts(source="Zhou et al., Condensation at initial training, NeurIPS 2022, Fig. 3")
    held, train = slice(None, _HELDOUT), slice(_HELDOUT, None)
    return Task("sine_5d", points[train], values[train], points[held], values[held], facts)


_TARGETS: dict[str, Callable[..., Task]] = {
    builder.__name__: builder
    for builder in (three_tanh, two_tanh, single_tanh, four_relu, relu_pair, square_on_four_points, sine_5d)
}


def names() -> tuple[str, ...]:
    """Returns the names that `task` knows."""
    return tuple(_TARGETS)


def task(name: str, **options: Any) -> Task:
    """Returns the named task.

    Args:
        name: One of `names()`.
        **options: The arguments of the function of that name in `condenslab.tasks.functions`, such as samples=….

    Raises:
        UserError: No such target or option (the message suggests the nearest name), or an option is missing.
        ValueError: An option is out of range.

    Example:
        >>> task("three_tanh").facts.intrinsic_width
        3
    """
    if name not in _TARGETS:
        raise unknown("task", name, _TARGETS)
    parameters = inspect.signature(_TARGETS[name]).parameters
    for option in options:
        if option not in parameters:
            raise unknown(f"option of task {name!r}", option, parameters)
    missing = [p.name for p in parameters.values() if p.default is p.empty and p.name not in options]
    if missing:
        raise UserError(f"task {name!r} needs {missing[0]}=…, which has no default.")
    return _TARGETS[name](**options)
