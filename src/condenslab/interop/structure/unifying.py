"""Unification of axes: what an operator pairs becomes one, taken apart as far as both sides need."""

from collections.abc import Sequence

from condenslab.interop.structure.expressions import (
    Atom,
    Axes,
    Axis,
    Chain,
    Product,
    bind,
    chain,
    freeze,
    one,
    product,
    resolved,
)


def unify(left: Axis, right: Axis, operator: str) -> None:
    """Makes two axes one; where their layouts do not fit, both are frozen.

    Args:
        left: An axis.
        right: The one that an operator pairs with it.
        operator: Its name, for the reason.
    """
    left, right = resolved(left), resolved(right)
    if left is right:
        return
    if left.size != right.size:
        _refuse(left, right, f"{operator} pairs axes of sizes {left.size} and {right.size}")
    elif isinstance(left, Atom):
        bind(left, right)
    elif isinstance(right, Atom):
        bind(right, left)
    elif not _unify_parts(left, right, operator):
        _refuse(left, right, f"{operator} pairs two layouts that do not match")


def _refuse(left: Axis, right: Axis, reason: str) -> None:
    freeze(left, reason)
    freeze(right, reason)


def _unify_parts(left: Product | Chain, right: Product | Chain, operator: str) -> bool:
    if isinstance(left, Product) and isinstance(right, Product):
        return _unify_products(left, right, operator)
    if isinstance(left, Chain) and isinstance(right, Chain):
        return _unify_chains(left, right, operator)
    ends, flat = (left, right) if isinstance(left, Chain) else (right, left)
    parts = cut_chain(flat, [part.size for part in ends])
    if parts is None:
        return False
    for part, end in zip(parts, ends, strict=True):
        unify(part, end, operator)
    return True


def _unify_products(left: Product, right: Product, operator: str) -> bool:
    first, second = left[0], right[0]
    if first.size < second.size:
        left, right, first, second = right, left, second, first
    if first.size == second.size:
        unify(first, second, operator)
        unify(product(*left[1:]), product(*right[1:]), operator)
        return True
    if first.size % second.size:
        return False
    cut = cut_product(first, first.size // second.size)
    if cut is None:
        return False
    unify(cut[0], second, operator)
    unify(product(cut[1], *left[1:]), product(*right[1:]), operator)
    return True


def _unify_chains(left: Chain, right: Chain, operator: str) -> bool:
    first, second = left[0], right[0]
    if first.size < second.size:
        left, right, first, second = right, left, second, first
    rest = list(left[1:])
    if first.size > second.size:
        cut = cut_chain(first, [second.size, first.size - second.size])
        if cut is None:
            return False
        first, rest = cut[0], [cut[1], *rest]
    unify(first, second, operator)
    unify(chain(*rest), chain(*right[1:]), operator)
    return True


def cut_product(axis: Axis, inner: int) -> tuple[Axis, Axis] | None:
    """Returns an axis as (outer, inner) in row-major order, or None if it is not laid out so.

    Args:
        axis: The axis.
        inner: The size of the inner part, a divisor of the axis' size.
    """
    axis = resolved(axis)
    if inner == 1:
        return axis, one()
    if inner == axis.size:
        return one(), axis
    if isinstance(axis, Atom):
        outer, within = Atom(axis.size // inner), Atom(inner)
        bind(axis, Product((outer, within)))
        return outer, within
    if isinstance(axis, Chain):
        return None
    size = 1
    for at in reversed(range(len(axis))):
        part = axis[at]
        if size * part.size == inner:
            return product(*axis[:at]), product(*axis[at:])
        if size * part.size > inner:
            cut = cut_product(part, inner // size) if inner % size == 0 and part.size % (inner // size) == 0 else None
            return cut and (product(*axis[:at], cut[0]), product(cut[1], *axis[at + 1 :]))
        size *= part.size
    return None


def cut_chain(axis: Axis, sizes: Sequence[int]) -> Axes | None:
    """Returns an axis cut into pieces laid end to end, or None if its layout does not allow it.

    Args:
        axis: The axis.
        sizes: Sizes of the pieces, which add up to that of the axis.
    """
    axis = resolved(axis)
    if len(sizes) == 1:
        return [axis]
    if isinstance(axis, Atom):
        pieces: Axes = [Atom(size) for size in sizes]
        bind(axis, Chain(pieces))
        return pieces
    if isinstance(axis, Product):
        inner = axis.size // axis[0].size
        if any(size % inner for size in sizes):
            return None
        outer = cut_chain(axis[0], [size // inner for size in sizes])
        return outer and [product(piece, *axis[1:]) for piece in outer]
    return _cut_pieces(list(axis), sizes)


def _cut_pieces(parts: Axes, sizes: Sequence[int]) -> Axes | None:
    pieces: Axes = []
    for size in sizes:
        taken, got = [], 0
        while got < size:
            part = parts.pop(0)
            if got + part.size > size:
                cut = cut_chain(part, [size - got, got + part.size - size])
                if cut is None:
                    return None
                part, rest = cut
                parts.insert(0, rest)
            taken.append(part)
            got += part.size
        pieces.append(chain(*taken))
    return pieces


def reshape(axes: Sequence[Axis], shape: Sequence[int]) -> Axes | None:
    """Returns the axes of a tensor after a reshape in row-major order, or None if they do not fit.

    Args:
        axes: The axes before.
        shape: The sizes after.
    """
    left = [axis for axis in axes if axis.size != 1]
    found: Axes = []
    for size in shape:
        got, parts = 1, []
        while got < size:
            if not left:
                return None
            part = resolved(left.pop(0))
            if size % (got * part.size):
                part, rest = _cut_reshaped(part, size // got)
                if part is None or rest is None:
                    return None
                left.insert(0, rest)
            parts.append(part)
            got *= part.size
        found.append(product(*parts) if parts else one())
    return found


def _cut_reshaped(part: Axis, wanted: int) -> tuple[Axis, Axis] | tuple[None, None]:
    if wanted < 1 or part.size % wanted:
        return None, None
    cut = cut_product(part, part.size // wanted)
    if cut is None:
        reason = "a reshape cuts through a concatenation"
        freeze(part, reason)
        return Atom(wanted, reason), Atom(part.size // wanted, reason)
    return cut
