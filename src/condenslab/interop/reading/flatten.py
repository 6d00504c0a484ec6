"""The tensors of nested data by dotted names, as a `state_dict` names them."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from condenslab.interop.reading import calls
from condenslab.interop.reading.inert import Storage, TensorRef, Unbuilt, Unread
from condenslab.interop.reading.refusal import RefusalError

MOST_TENSORS, MOST_PARTS, DEEPEST, LONGEST_NAME, MOST_CHARACTERS = 1_000_000, 3_000_000, 100, 1000, 100_000_000
Skipped = list[tuple[str, str]]
_NUMPY = (".multiarray._reconstruct", ".numeric._frombuffer")


def flatten(value: Any, array: Callable[[TensorRef], np.ndarray]) -> tuple[dict[str, np.ndarray], Skipped]:
    """Returns all tensors in a value, and what was left out.

    The parts of a pickled module are named as in its `state_dict`: parameters, persistent buffers, submodules.

    Args:
        value: What `Machine.load` returned.
        array: The numbers of a tensor.

    Raises:
        RefusalError: It is nested more than 100 deep, has too many parts (by repetition, perhaps) or a long name.
    """
    found: dict[str, np.ndarray] = {}
    skipped: Skipped = []
    texts: dict[int, bytes] = {}
    for path, item in _walk(value, skipped):
        leaf = _leaf(item, array, texts)
        if isinstance(leaf, Unread):
            skipped.append((path, leaf.reason))
        elif path in found:
            skipped.append((path, "another tensor has the same name"))
        else:
            found[path] = leaf
    return found, skipped


def _walk(value: Any, skipped: Skipped) -> Iterator[tuple[str, Any]]:
    """Yields the leaves by name, depth first; budgets hold for repeated parts too, which cost nothing in the file."""
    stack = [("", iter([("", value)]), 0)]
    inside: list[int] = []
    barren: set[int] = set()  # containers in which there was no tensor are not entered again
    tensors = parts = characters = 0
    while stack:
        above, siblings, before = stack[-1]
        name, item = next(siblings, (None, None))
        if name is None:
            stack.pop()
            done = inside.pop() if inside else 0
            if tensors == before:
                barren.add(done)
            continue
        parts += 1
        path = f"{above}.{name}" if above else name
        if len(path) > LONGEST_NAME or len(stack) > DEEPEST:
            raise RefusalError(f"it is nested over {DEEPEST} deep, or a name in it has over {LONGEST_NAME} characters")
        if _is_leaf(item):
            tensors, characters = tensors + 1, characters + len(path)
            yield path or "tensor", item
        elif isinstance(item, dict | list | tuple | Unbuilt) and id(item) in inside:
            skipped.append((path, "it refers back to what contains it"))
        elif isinstance(item, dict | list | tuple | Unbuilt) and id(item) not in barren:
            stack.append((path, _named(_parts(item)), tensors))
            inside.append(id(item))
        if tensors > MOST_TENSORS or parts > MOST_PARTS or characters > MOST_CHARACTERS or len(skipped) > MOST_TENSORS:
            raise RefusalError(
                f"it names more than {MOST_TENSORS} tensors or {MOST_PARTS} parts, by repetition perhaps"
            )


def _named(pairs: Iterator[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    """Writes out the keys: text and numbers, which cannot grow by it; an object as a key by its place."""
    for place, (key, part) in enumerate(pairs):
        encoded = isinstance(key, Unbuilt) and key.cls == "_codecs.encode" and key.args
        name = key.args[0] if encoded else key
        parts = name if isinstance(name, tuple) else (name,)
        if any(isinstance(text, str | bytes) and len(text) > LONGEST_NAME for text in parts):
            raise RefusalError(f"a name in it has over {LONGEST_NAME} characters")
        if not all(isinstance(text, str | bytes | int | float | None) for text in parts):
            yield f"object {place}", part
        else:
            yield ", ".join(text.decode("latin-1") if isinstance(text, bytes) else str(text) for text in parts), part


def _is_leaf(item: Any) -> bool:
    if isinstance(item, Unbuilt):
        return isinstance(item.cls, str) and item.cls.endswith(_NUMPY)
    return isinstance(item, TensorRef | Unread | Storage)


def _leaf(item: Any, array: Callable[[TensorRef], np.ndarray], texts: dict[int, bytes]) -> np.ndarray | Unread:
    if isinstance(item, TensorRef):
        return array(item)
    if isinstance(item, Storage):
        return Unread("it is a storage without a shape: save the tensor")
    return _numpy_array(item, texts) if isinstance(item, Unbuilt) else item


def _numpy_array(item: Unbuilt, texts: dict[int, bytes]) -> np.ndarray | Unread:
    """Reads a pickled `numpy.ndarray`.

    Its state is (version, shape, dtype, Fortran order, bytes); protocol 5 has a call of (bytes, dtype, shape, order).
    """
    if item.cls.endswith("_frombuffer") and len(item.args) == 4:
        data, described, shape, order = item.args
        fortran = order == "F" if isinstance(order, str) else False
    elif isinstance(item.state, tuple) and len(item.state) == 5:
        _, shape, described, fortran, data = item.state
    else:
        raise RefusalError("a numpy array in its pickle has no state")
    dtype = calls.numpy_dtype(described)
    if dtype is None:
        return Unread("it is a numpy array of objects or records")
    sizes = calls.sizes(shape, "a shape")
    if isinstance(data, Unbuilt) and data.cls == "_codecs.encode" and isinstance(data.args[0], str):
        text = data.args[0]
        if id(text) not in texts:  # a text that many arrays share is encoded once
            texts[id(text)] = text.encode("latin-1")
        data = texts[id(text)]
    if isinstance(data, Unbuilt) and data.cls == "builtins.bytes" and not data.args:
        data = b""  # how protocol 2 writes no bytes
    if not isinstance(data, bytes | bytearray) or len(data) != math.prod(sizes) * dtype.itemsize:
        raise RefusalError("a numpy array in its pickle has not as many bytes as its shape needs")
    flat = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    return flat.reshape(sizes, order="F" if fortran is True else "C")


def _parts(item: Any) -> Iterator[tuple[Any, Any]]:
    """Yields what is in a container, one after the other, so that what is never reached costs nothing."""
    if isinstance(item, dict):
        yield from item.items()
    elif isinstance(item, list | tuple):
        yield from enumerate(item)
    elif isinstance(item.state, dict) and "_parameters" in item.state and "_modules" in item.state:
        yield from _module_parts(item.state)
    else:
        if item.cls == "collections.OrderedDict" and item.args and isinstance(item.args[0], list):
            yield from (
                (pair[0], pair[1]) for pair in item.args[0] if isinstance(pair, list | tuple) and len(pair) == 2
            )
        else:
            yield from _spread(item.args)
        yield from _items(item)
        yield from _spread(item.state if isinstance(item.state, tuple) else (item.state,))


def _spread(values: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """Yields what a call was given: the items of a dict by key, everything else by number."""
    for place, value in enumerate(values):
        if isinstance(value, dict):
            yield from value.items()
        else:
            yield place, value


def _module_parts(state: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    hidden = state.get("_non_persistent_buffers_set")
    if isinstance(hidden, Unbuilt):
        hidden = hidden.args[0] if hidden.args else hidden.items
    absent = [name for name in hidden[:1000] if isinstance(name, str)] if isinstance(hidden, list | tuple) else []
    for kind in ("_parameters", "_buffers", "_modules"):
        held = state.get(kind)
        for key, part in _parts(held) if isinstance(held, dict | Unbuilt) else ():
            if not (kind == "_buffers" and key in absent):
                yield key, part


def _items(unbuilt: Unbuilt) -> Iterator[tuple[Any, Any]]:
    """Yields the items of a mapping by key, those of a list by number."""
    items = unbuilt.items
    if items and isinstance(items[0], str | int) and len(items) % 2 == 0:
        yield from ((items[place], items[place + 1]) for place in range(0, len(items), 2))
    else:
        yield from enumerate(items)
