"""A stack machine for pickles that builds inert data: nothing is imported, called, or sized by a number in the file.

Only opcodes are taken from the standard library (`pickletools.genops`, which parses and runs nothing). Nothing here
copies a value that the file can name many times, so memory and time are proportional to the size of the file.
"""

import codecs
import pickletools
import warnings
from collections.abc import Callable
from typing import Any

from condenslab.interop.reading import calls
from condenslab.interop.reading.inert import Name, Storage, TensorRef, Unbuilt, Unread
from condenslab.interop.reading.refusal import RefusalError

MOST_OPERATIONS = 30_000_000
_LONGEST_NAME, _LARGEST_KEY = 1000, 2**60
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT", "BINUNICODE", "UNICODE"),
    *("SHORT_BINUNICODE", "BINUNICODE8", "SHORT_BINSTRING", "BINSTRING", "STRING", "BINBYTES", "SHORT_BINBYTES"),
    *("BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_FRESH: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": list}

for _codec in ("raw-unicode-escape", "cp437", "latin-1", "ascii"):
    codecs.lookup(_codec)  # loaded with this module, so that reading a file loads nothing


class Machine:
    """Interprets one pickle.

    Args:
        persistent: What a persistent id stands for; by default there is none.
    """

    def __init__(self, persistent: Callable[[Any], Any] | None = None):
        self.names: set[str] = set()
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self, stream: Any) -> Any:
        """Reads a pickle up to its end.

        Args:
            stream: What has `read`, `readline` and `tell`, and whose `read(n)` allocates no more than is left.

        Returns:
            The value: numbers, text, lists, dicts, tuples and the classes of `inert`.

        Raises:
            RefusalError: It is no pickle, asks for what no checkpoint needs, or is too long.
        """
        with warnings.catch_warnings():  # a backslash in a text of an old protocol is no reason to warn the user
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._load(stream)

    def _load(self, stream: Any) -> Any:
        for count, (opcode, argument, position) in enumerate(pickletools.genops(stream)):
            if count > MOST_OPERATIONS:
                raise RefusalError(f"its pickle has more than {MOST_OPERATIONS} operations")
            name = opcode.name
            if name in _VALUES:
                self._stack.append(argument)
            elif name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name])
            elif name in _FRESH:
                self._stack.append(_FRESH[name]())
            elif name == "STOP":
                return self._stack.pop()
            elif name not in _STEPS:
                raise RefusalError(f"its pickle has the operation {name} at byte {position}, which no checkpoint needs")
            else:
                _STEPS[name](self, argument)
        raise RefusalError("its pickle has no end")

    def _since_mark(self) -> list[Any]:
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    def _mark(self, _: Any) -> None:
        self._marks.append(len(self._stack))

    def _put(self, key: Any) -> None:
        self._memo[len(self._memo) if key is None else key] = self._stack[-1]

    def _get(self, key: Any) -> None:
        self._stack.append(self._memo[key])

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _list(self, _: Any) -> None:
        self._stack.append(self._since_mark())

    def _dict(self, _: Any) -> None:
        items = self._since_mark()
        self._stack.append({})
        self._set(items)

    def _short_tuple(self, length: int) -> None:
        items = tuple(self._stack[-length:])
        if len(items) != length:
            raise RefusalError("its pickle takes more from its stack than there is")
        del self._stack[-length:]
        self._stack.append(items)

    def _set_item(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def _set_items(self, _: Any) -> None:
        self._set(self._since_mark())

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Unbuilt):
            target.items += items
        elif isinstance(target, dict):
            keys = items[::2]
            if not all(map(_is_key, keys)) or len(items) % 2:
                raise RefusalError("its pickle has a dict whose keys are no names, numbers or objects")
            target.update(zip(keys, items[1::2], strict=True))
        else:  # torch before 2.10 corrupts its memory here: CVE-2026-24747
            raise RefusalError("its pickle sets an item of what is no dict")

    def _append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Unbuilt):
            target.items += items
        elif isinstance(target, list):
            target += items
        else:
            raise RefusalError("its pickle appends to what is no list")

    def _global(self, text: str) -> None:
        self._named(*text.split(" ", 1))

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._named(module, name)

    def _named(self, module: Any, name: Any) -> None:
        if not (isinstance(module, str) and isinstance(name, str) and len(module) + len(name) < _LONGEST_NAME):
            raise RefusalError("its pickle names a global by what is no name")
        found = Name(f"{'builtins' if module == '__builtin__' else module}.{name}")
        self.names.add(str(found))
        self._stack.append(found)

    def _reduce(self, _: Any) -> None:
        args, function = self._stack.pop(), self._stack.pop()
        self._stack.append(calls.call(function, args))

    def _new(self, _: Any) -> None:
        args, cls = self._stack.pop(), self._stack.pop()
        self._build_new(cls, args)

    def _new_with_keywords(self, _: Any) -> None:
        _, args, cls = self._stack.pop(), self._stack.pop(), self._stack.pop()
        self._build_new(cls, args)

    def _build_new(self, cls: Any, args: Any) -> None:
        if not isinstance(cls, Name) or not isinstance(args, tuple):
            raise RefusalError("its pickle builds an object of what is no class")
        calls.check(cls)
        self._stack.append(Unbuilt(cls, args))

    def _build(self, _: Any) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if isinstance(target, Unbuilt):
            target.state = state

    def _persist(self, _: Any) -> None:
        if self._persistent is None:
            raise RefusalError("its pickle refers to storages, and the file has none")
        self._stack.append(self._persistent(self._stack.pop()))

    def _pop(self, _: Any) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._since_mark()

    def _duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _skip(self, _: Any) -> None:
        """Passes over what only frames the stream."""


def _is_key(key: Any) -> bool:
    """Says whether a key is hashed in bounded time and without many collisions.

    Nested tuples can name a value exponentially often; the hash of a long integer is computed anew at each use, and
    that of any is its remainder modulo 2**61 − 1, which a file could choose. Inert objects are hashed by identity.
    """
    return len(key) < 16 and all(map(_is_simple, key)) if isinstance(key, tuple) else _is_simple(key)


def _is_simple(key: Any) -> bool:
    if isinstance(key, int):
        return -_LARGEST_KEY < key < _LARGEST_KEY
    return isinstance(key, str | float | bytes | None | Unbuilt | TensorRef | Unread | Storage)


_STEPS: dict[str, Callable[[Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), Machine._skip),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"), Machine._put),
    **dict.fromkeys(("BINGET", "LONG_BINGET", "GET"), Machine._get),
    **dict.fromkeys(("LIST", "FROZENSET"), Machine._list),  # a set holds no tensor by name: its members in order do
    **dict.fromkeys(("APPENDS", "ADDITEMS"), Machine._appends),
    "MARK": Machine._mark,
    "TUPLE": Machine._tuple,
    "TUPLE1": lambda machine, _: machine._short_tuple(1),
    "TUPLE2": lambda machine, _: machine._short_tuple(2),
    "TUPLE3": lambda machine, _: machine._short_tuple(3),
    "DICT": Machine._dict,
    "SETITEM": Machine._set_item,
    "SETITEMS": Machine._set_items,
    "APPEND": Machine._append,
    "GLOBAL": Machine._global,
    "STACK_GLOBAL": Machine._stack_global,
    "REDUCE": Machine._reduce,
    "NEWOBJ": Machine._new,
    "NEWOBJ_EX": Machine._new_with_keywords,
    "BUILD": Machine._build,
    "BINPERSID": Machine._persist,
    "POP": Machine._pop,
    "POP_MARK": Machine._pop_mark,
    "DUP": Machine._duplicate,
}
