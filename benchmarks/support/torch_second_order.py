"""PyTorch's gradient and its two dense Hessians, in chunks where the whole would need too much memory."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus

from support.second_order import Cell, Contestant

_MEMORY = 2 * 2**30
"""Bytes that a vectorised Hessian may take; more than that is chunked (the protocol's bound is 8 GiB)."""

_COPIES = 8
"""Arrays of the size of all activations that a vectorised Hessian-vector product was seen to keep."""


def make_gradient(cell: Cell) -> Contestant:
    """Returns torch.autograd.grad of the mean risk with respect to the weights and biases.

    Args:
        cell: The cell.
    """
    torch.set_num_threads(1)
    parts = [torch.tensor(p, requires_grad=True) for pair in zip(cell.weights, cell.biases, strict=True) for p in pair]
    x, y = torch.from_numpy(cell.inputs), torch.from_numpy(cell.targets)

    def call() -> object:
        return torch.autograd.grad(_risk(parts, x, y), parts)

    return Contestant("torch.autograd.grad", call)


def make_hessians(cell: Cell, longest: float) -> tuple[list[Contestant], Callable[[], np.ndarray] | None]:
    """Returns torch.autograd.functional.hessian and torch.func.hessian, and the former's matrix.

    Where a call would take longer than `longest` seconds some rows of the matrix are timed and the time of all is
    extrapolated; where torch.func would take more memory than allowed, its rows are computed in chunks.

    Args:
        cell: The cell.
        longest: Seconds.

    Returns:
        The contestants, and what returns the matrix, None where the time is extrapolated.
    """
    torch.set_num_threads(1)
    shapes = [p.shape for pair in zip(cell.weights, cell.biases, strict=True) for p in pair]
    flat = [p.ravel() for pair in zip(cell.weights, cell.biases, strict=True) for p in pair]
    theta = torch.from_numpy(np.concatenate(flat))
    x, y = torch.from_numpy(cell.inputs), torch.from_numpy(cell.targets)
    sizes = [int(np.prod(shape)) for shape in shapes]

    def value(t: torch.Tensor) -> torch.Tensor:
        return _risk([part.reshape(shape) for part, shape in zip(t.split(sizes), shapes, strict=True)], x, y)

    whole, row = _rows(value, theta)
    seconds = _seconds(row) * cell.parameters
    if seconds <= longest:
        slow, matrix = Contestant("torch.autograd.functional.hessian", whole), whole
    else:
        note = "extrapolated from single rows"
        slow, matrix = Contestant("torch.autograd.functional.hessian", row, cell.parameters, note), None
    return [slow, _vectorised(cell, value, theta, longest)], (lambda: matrix().numpy()) if matrix else None


def _rows(
    value: Callable[[torch.Tensor], torch.Tensor], theta: torch.Tensor
) -> tuple[Callable[[], Any], Callable[[], torch.Tensor]]:
    """Returns the whole Hessian, and one row of it as that function computes it: the derivative of one of ∇R."""
    t = theta.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(t), t, create_graph=True)

    def row() -> torch.Tensor:
        return torch.autograd.grad(gradient[0], t, retain_graph=True)[0]

    return lambda: torch.autograd.functional.hessian(value, theta), row


def _vectorised(
    cell: Cell, value: Callable[[torch.Tensor], torch.Tensor], theta: torch.Tensor, longest: float
) -> Contestant:
    hidden = cell.samples * sum(cell.widths[1:]) * 8 * _COPIES
    chunk = max(1, min(cell.parameters, _MEMORY // hidden))
    if chunk == cell.parameters and _seconds(lambda: torch.func.hessian(value)(theta)) <= longest:
        return Contestant("torch.func.hessian", lambda: torch.func.hessian(value)(theta))
    basis = torch.eye(cell.parameters, dtype=theta.dtype)

    def product(direction: torch.Tensor) -> torch.Tensor:
        return torch.func.jvp(torch.func.jacrev(value), (theta,), (direction,))[1]

    def call() -> torch.Tensor:
        return torch.func.vmap(product)(basis[:chunk])

    note = f"extrapolated from one chunk of {chunk} of {cell.parameters} rows"
    return Contestant("torch.func.hessian", call, cell.parameters / chunk, note)


def _risk(parts: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    hidden = x
    for layer in range(0, len(parts), 2):
        hidden = torch.nn.functional.linear(hidden, parts[layer], parts[layer + 1])
        if layer + 2 < len(parts):
            hidden = softplus(hidden)
    return ((hidden - y) ** 2).sum(1).mean()


def _seconds(call: Callable[[], object]) -> float:
    call()
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
