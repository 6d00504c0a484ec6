"""The calls that lay out tensors in torch's and numpy's pickles, as data; every other call stays an inert object."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.inert import Name, Storage, TensorRef, Unbuilt, Unread
from condenslab.interop.reading.refusal import RefusalError

_FORBIDDEN = {
    *("os", "posix", "nt", "subprocess", "sys", "socket", "shutil", "importlib", "runpy", "pty", "ctypes", "code"),
    *(
        "webbrowser",
        "pickle",
        "_pickle",
        "marshal",
        "urllib",
        "http",
        "requests",
        "ftplib",
        "smtplib",
        "multiprocessing",
    ),
    *("threading", "signal", "asyncio", "pdb", "bdb", "timeit", "cProfile", "pip", "ensurepip", "venv", "tempfile"),
    *("glob", "pydoc", "idlelib", "lib2to3", "doctest"),
}
_FORBIDDEN_NAMES = {  # of modules whose names people give to their own folders too
    *("types.FunctionType", "types.LambdaType", "types.CodeType", "types.MethodType", "types.BuiltinFunctionType"),
    *("code.interact", "code.InteractiveInterpreter", "code.InteractiveConsole", "code.compile_command"),
    *("profile.run", "profile.runctx", "profile.Profile", "trace.Trace", "unittest.main", "platform.popen"),
    *("commands.getoutput", "commands.getstatusoutput"),
}
_MOST_ARGUMENTS = 64
_FORBIDDEN_FUNCTIONS = {"open", "open_code", "FileIO", "OpenWrapper", "openpty"}
_FORBIDDEN_BUILTINS = {"eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint", "print"}


def call(function: Any, args: Any) -> Any:
    """Returns what a call of a pickle stands for; nothing is called.

    Args:
        function: The name of what the pickle asks to call.
        args: The tuple of its arguments.

    Raises:
        RefusalError: It is no name, or one that no checkpoint needs and that would run commands or read files.
    """
    if not isinstance(args, tuple):
        raise RefusalError("its pickle calls something with arguments that are no tuple")
    if not isinstance(function, Name):
        raise RefusalError("its pickle calls something that is no name")
    check(function)
    meaning = _MEANINGS.get(function)
    if meaning is None:
        return Unbuilt(function, args)
    if len(args) > _MOST_ARGUMENTS:
        raise RefusalError(f"its pickle lays out a tensor with {len(args)} arguments")
    return meaning(*args)


def check(name: Name) -> None:
    """Refuses a name that would run commands, code or files if it were called.

    Args:
        name: What a pickle asks to call.

    Raises:
        RefusalError: It is such a name.
    """
    module, _, rest = name.partition(".")
    if (
        module in _FORBIDDEN
        or name in _FORBIDDEN_NAMES
        or (module == "builtins" and rest in _FORBIDDEN_BUILTINS)
        or (module in ("io", "_io", "codecs", "gzip", "bz2", "lzma") and rest in _FORBIDDEN_FUNCTIONS)
    ):
        raise RefusalError(f"its pickle would call {name[:80]}, which no checkpoint needs; nothing was run")


def _size(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < 2**48:
        raise RefusalError(f"a tensor has {what} that is no whole number from 0 to 2**48")
    return value


def sizes(values: Any, what: str) -> tuple[int, ...]:
    """Returns the sizes of some axes.

    Args:
        values: What a pickle gives as such.
        what: What it is, for the message.

    Raises:
        RefusalError: It is no list of at most 64 whole numbers from 0 to 2**48.
    """
    if not isinstance(values, tuple | list) or len(values) > 64:
        raise RefusalError(f"a tensor has {what} that is no list of at most 64 sizes")
    return tuple(_size(value, what) for value in values)


def _plain_tensor(storage: Any, offset: Any, shape: Any, stride: Any, *more: Any) -> TensorRef | Unread:
    """Reads `_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks, metadata)`."""
    about = more[2] if len(more) > 2 else None
    if isinstance(about, dict) and any(about.get(bit) for bit in ("conj", "neg")):
        return Unread("its numbers are stored conjugated or negated: save tensor.resolve_conj().resolve_neg()")
    return _tensor(storage, offset, shape, stride)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> TensorRef:
    if not isinstance(storage, Storage):
        raise RefusalError("a tensor has no storage")
    lengths, steps = sizes(shape, "a shape"), sizes(stride, "a stride")
    if len(lengths) != len(steps):
        raise RefusalError("a tensor has more sizes than strides, or fewer")
    first = storage.start + _size(offset, "an offset")
    return TensorRef(storage, storage.dtype, first, lengths, steps)


def _typed_tensor(*args: Any) -> TensorRef | Unread:
    """Reads `_rebuild_tensor_v3(storage, offset, shape, stride, requires_grad, hooks, dtype)`."""
    storage, offset, shape, stride, dtype = *args[:4], args[6]
    tensor = _tensor(storage, offset, shape, stride)
    name = dtype.rpartition(".")[2] if isinstance(dtype, Name) else "unknown"
    if name not in dtypes.NAMED and name not in dtypes.TORCH_NAMES:
        return Unread(f"its type {name[:40]} is packed or unknown")
    return TensorRef(tensor.storage, dtypes.named(name, "a tensor"), tensor.offset, tensor.shape, tensor.stride)


def _first(value: Any, *_: Any) -> Any:
    return value


def _subclass(function: Any, _: Any, args: Any, *__: Any) -> Any:
    """Reads `_rebuild_from_type_v2(function, class, args, state)`: a tensor with attributes of its own."""
    return call(function, args)


def _unread(reason: str) -> Callable[..., Unread]:
    return lambda *_: Unread(reason)


def _meta(*_: Any) -> Unread:
    return Unread("it has a shape but no numbers (device meta)")


_MEANINGS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _plain_tensor,
    "torch._utils._rebuild_tensor_v2": _plain_tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._utils._rebuild_device_tensor_from_numpy": _first,
    "torch._tensor._rebuild_from_type_v2": _subclass,
    "torch._utils._rebuild_qtensor": _unread("it is quantised: its whole numbers need scales to mean weights"),
    "torch._utils._rebuild_sparse_tensor": _unread("it is sparse"),
    "torch._utils._rebuild_sparse_csr_tensor": _unread("it is sparse"),
    "torch._utils._rebuild_nested_tensor": _unread("it is a nested tensor"),
    "torch._utils._rebuild_wrapper_subclass": _unread("it is a wrapper without numbers of its own"),
    "torch._utils._rebuild_meta_tensor_no_storage": _meta,
}


def numpy_dtype(unbuilt: Any) -> np.dtype | None:
    """Returns the type that a pickled `numpy.dtype` stands for, or None.

    Args:
        unbuilt: What the pickle holds.
    """
    if not (
        isinstance(unbuilt, Unbuilt)
        and unbuilt.cls == "numpy.dtype"
        and unbuilt.args
        and isinstance(unbuilt.args[0], str)
    ):
        return None
    order = unbuilt.state[1] if isinstance(unbuilt.state, tuple) and len(unbuilt.state) > 1 else "="
    code = unbuilt.args[0]
    if code in ("bfloat16", *dtypes.NAMED):
        return dtypes.NAMED[code]
    if len(code) not in (2, 3) or code[0] not in "fciub" or order not in ("<", ">", "|", "="):
        return None
    return np.dtype(("<" if order == "=" else order) + code)
