"""The entry point: the groups of a network, found and certified."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from condenslab.interop.structure.certifying import Certifier, Program
from condenslab.interop.structure.gauges import Symmetry, symmetry
from condenslab.interop.structure.groups import Groups, find
from condenslab.interop.structure.torch_program import TorchProgram


def groups(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, *, seed: int = 0) -> Groups:
    """Finds the groups of interchangeable units of a network and certifies each.

    Nothing is known of architectures. The module is exported by `torch.export` to a graph of operators, and each
    operator says which axes it pairs: a linear layer its input's last axis with its weight's second one, a residual sum
    the axes of both terms. Axes that are paired anywhere are one; what remains apart can be permuted apart. An operator
    without a rule freezes the axes it meets, with its name as the reason. Every group is then tried: its units are
    permuted in float64 at perturbed weights, and the outputs must not move. What moves
    them is listed as uncertified.

    Args:
        module: A `torch.nn.Module`, which is copied and left as it is; or a JAX function of a pytree of parameters and
            inputs, walked by its jaxpr.
        args: Example inputs, which set the shapes; batches of two or more. For a JAX function the parameters first.
        kwargs: Inputs by name, of a torch module.
        seed: Of the perturbation and the permutations.

    Returns:
        The groups with members, roles and certificates, and what was refused, with reasons.

    Raises:
        UserError: PyTorch is not installed; the module takes no such inputs or cannot be exported; weights are NaN.

    Example:
        >>> import jax.numpy as jnp
        >>> params = {"in": jnp.ones((5, 2)), "out": jnp.ones((1, 5))}
        >>> found = groups(lambda p, x: jnp.tanh(x @ p["in"].T) @ p["out"].T, (params, jnp.ones((3, 2))))
        >>> [(group.size, [member.parameter for member in group.members]) for group in found]
        [(5, ["['in']", "['out']"])]
    """
    began = time.perf_counter()
    if callable(module) and not hasattr(module, "state_dict"):
        from condenslab.interop.structure.jax_program import JaxProgram

        return of_program(JaxProgram(module, args[0], args[1:]), seed=seed, began=began)
    return of_program(TorchProgram(module, args, kwargs or {}), seed=seed, began=began)


def of_program(program: Program, *, seed: int = 0, began: float | None = None) -> Groups:
    """Finds and certifies the groups of a traced network.

    Args:
        program: The network.
        seed: Of the perturbation and the permutations.
        began: When tracing began, by `time.perf_counter`.
    """
    return _tried(program, Certifier(program, seed=seed), time.perf_counter() if began is None else began)


def certified_groups(program: Program, *, seed: int = 0) -> tuple[Groups, list[Symmetry]]:
    """Finds and certifies the groups of a traced network, and tries what their units may be multiplied with.

    Args:
        program: The network.
        seed: Of the perturbation and the permutations.
    """
    began, certifier = time.perf_counter(), Certifier(program, seed=seed)
    found = _tried(program, certifier, began)
    return found, [symmetry(certifier, group) for group in found.groups]


def _tried(program: Program, certifier: Certifier, began: float) -> Groups:
    found, frozen = find(program.analysis)
    tried = [certifier.certified(group) for group in found]
    return Groups(
        groups=tuple(group for group in tried if group.certified),
        uncertified=tuple(group for group in tried if not group.certified),
        frozen=tuple(frozen),
        operators=dict(program.analysis.unknown),
        seconds=time.perf_counter() - began,
    )
