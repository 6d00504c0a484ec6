"""Members of an ensemble as one pytree with a leading member axis, kept on the host."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from condenslab.training.engine import is_key


class Stack(eqx.Module):
    """Members of an ensemble given as one pytree whose arrays have a leading member axis.

    Attributes:
        tree: For example the result of `jax.vmap(initialise)(keys)`, shape (member, …) in every leaf.
    """

    tree: Any


def is_listed(value: Any) -> bool:
    """Returns whether a value has one entry a member."""
    return isinstance(value, list | Stack)


def stacked(name: str, value: list | Stack) -> Any:
    """Returns the members as one pytree with a leading member axis, its arrays on the host (random keys excepted).

    Args:
        name: What it is, for the message.
        value: A list with one pytree a member, or a `Stack`.

    Raises:
        ValueError: No members, or members whose structures, shapes or parts other than numbers differ.
    """
    if isinstance(value, Stack):
        return jax.tree.map(_on_host, value.tree)
    if not value:
        raise ValueError(f"an ensemble must have members. Got an empty list for {name}.")
    flat, structures = zip(*(jax.tree.flatten(member) for member in value), strict=True)
    for number, structure in enumerate(structures):
        if structure != structures[0]:
            raise ValueError(
                f"the members of an ensemble must differ in numbers only, because they share one compiled program. Got "
                f"{name} number {number} with the structure {structure}, where number 0 has {structures[0]}."
            )
    return jax.tree.unflatten(structures[0], [_column(name, leaves) for leaves in zip(*flat, strict=True)])


def count_members(listed: dict[str, Any]) -> int:
    """Returns how many members there are.

    Args:
        listed: Stacked pytrees by name.

    Raises:
        ValueError: There is none, or their lengths differ.
    """
    sizes = {
        name: leaf.shape[0] for name, tree in listed.items() for leaf in jax.tree.leaves(tree) if eqx.is_array(leaf)
    }
    if not sizes:
        raise ValueError(
            "an ensemble needs at least one list (or Stack) of risks, networks, methods or keys. Got none."
        )
    if len(set(sizes.values())) > 1:
        raise ValueError(f"the lists of an ensemble must have one entry a member each. Got lengths {sizes}.")
    return next(iter(sizes.values()))


def select(tree: Any, where: Any) -> Any:
    """Returns the chosen members: `where` is a number, or an array of numbers that keeps the member axis."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[where]) if eqx.is_array(leaf) else leaf, tree)


def _on_host(leaf: Any) -> Any:
    return np.asarray(leaf) if eqx.is_array(leaf) and not is_key(leaf) else leaf


def _column(name: str, leaves: tuple[Any, ...]) -> Any:
    first = leaves[0]
    if not (eqx.is_array(first) or isinstance(first, float | int)):
        if any(leaf is not first and leaf != first for leaf in leaves):
            raise ValueError(
                f"the members of an ensemble must differ in numbers only, because they share one compiled program. Got "
                f"{name} with different parts such as {first!r}. Of the methods, GradientDescent and Adam hold their "
                "numbers as data; an optax optimiser does not."
            )
        return first
    if eqx.is_array(first) and is_key(first):
        data = jnp.asarray(np.stack([np.asarray(jax.random.key_data(leaf)) for leaf in leaves]))
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(first))
    shapes = [np.shape(leaf) for leaf in leaves]
    if len(set(shapes)) > 1:
        odd = next(number for number, shape in enumerate(shapes) if shape != shapes[0])
        raise ValueError(
            f"the members of an ensemble must have the same shapes. Got {name} number {odd} with shape {shapes[odd]}, "
            f"where number 0 has {shapes[0]}; pad data sets by samples of weight 0, and train other widths apart."
        )
    return np.stack([np.asarray(leaf) for leaf in leaves])
