"""Networks and training runs in files: one safetensors file each, written atomically, read without executing anything.

A network is stored exactly (every bit of every parameter), with its class, its activation by name and its settings. A
trajectory is stored with its internal state, so that `resume=` continues a loaded one as if it had stayed in memory.
The parameters of a network must be finite, in the file as in memory: from NaN nothing can be continued or measured.
Records and state may hold NaN and infinity, which are answers there.
"""

import math
import os
from pathlib import Path

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.container import Content, RunHeader, Shapes, Tensors, damaged, read, write
from condenslab.interop.forms import Storable, misfit_of_header, misfit_of_shapes, names_of_parts
from condenslab.interop.parts import put_together, take_apart
from condenslab.training import Stop, Trajectory

_STORABLE = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bfloat16", "float16", "float32", "float64", "complex64"),
}


def save_network(path: str | os.PathLike[str], network: Storable) -> None:
    """Writes a network to one safetensors file, which is replaced if it exists.

    Args:
        path: The file, by custom `….safetensors`. Its folder must exist.
        network: Any network of `condenslab.networks`; float32 or float64, finite, its activation, if it has one, one of
            `networks.ACTIVATIONS`.

    Raises:
        UserError: The network is of another class, has another activation, has a parameter that is not a finite float32
            or float64 number, or shapes that do not fit together (a stack of members, say); or the file cannot be
            written, and then what was there before is untouched.

    Example:
        >>> import jax, tempfile
        >>> from condenslab import networks
        >>> scale = networks.initial.from_std_exponent(0.5, width=3)
        >>> network = networks.two_layer(jax.random.key(0), width=3, inputs=1, activation="tanh", scale=scale)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_network(f"{folder}/small.safetensors", network)
        ...     load_network(f"{folder}/small.safetensors").width
        3
    """
    header, tensors = take_apart(Path(path), network)
    write(Path(path), Content(header, None), tensors)


def load_network(path: str | os.PathLike[str]) -> Storable:
    """Reads a network that `save_network` has written.

    Args:
        path: The file.

    Returns:
        The network, equal to the saved one in class, activation and every bit; a warm start for `descend` and `flow`.

    Raises:
        UserError: The file is missing, truncated, damaged, of another program, of a newer version of the format, or a
            trajectory; its tensors do not fit together or are not finite; it names an unknown activation; or it holds
            float64 numbers and JAX is set to float32.
    """
    content, tensors = read(Path(path), _misfit)
    if content.run is not None:
        raise UserError(f"{path} holds a trajectory: load it with load_trajectory and take the network of that")
    return put_together(Path(path), content.network, tensors)


def save_trajectory(path: str | os.PathLike[str], trajectory: Trajectory) -> None:
    """Writes a training run to one safetensors file, which is replaced if it exists.

    Args:
        path: The file, by custom `….safetensors`. Its folder must exist.
        trajectory: What `descend` or `flow` returned, or a member of what `ensemble` returned. Its network is as in
            `save_network`; its records and state may hold any numbers, NaN and infinity included.

    Raises:
        UserError: As `save_network`; or the records do not have one entry a time, the wall time is not finite, or an
            array is of a type that safetensors cannot hold.
    """
    file = Path(path)
    if not isinstance(trajectory, Trajectory):
        raise UserError(f"{file} cannot hold a {type(trajectory).__name__} as a trajectory: give a training.Trajectory")
    header, tensors = take_apart(file, trajectory.network)
    run = RunHeader(
        stop=trajectory.stop.name,
        steps=int(trajectory.steps),
        seconds=float(trajectory.seconds),
        records=list(trajectory.records),
        state=len(trajectory.state),
    )
    arrays = _run_arrays(run, trajectory)
    reason = _misfit_of_run(run, {name: array.shape for name, array in arrays.items()}) or _unstorable(run, arrays)
    if reason:
        raise UserError(f"{file} is not written because {reason}: give a trajectory as descend or flow returned it")
    write(file, Content(header, run), {**tensors, **arrays})


def load_trajectory(path: str | os.PathLike[str]) -> Trajectory:
    """Reads a training run that `save_trajectory` has written.

    Args:
        path: The file.

    Returns:
        The trajectory; `resume=` continues it to the same bits as the one that was saved.

    Raises:
        UserError: As `load_network`; or the file holds a network alone.
    """
    file = Path(path)
    content, tensors = read(file, _misfit)
    run = content.run
    if run is None:
        raise UserError(f"{file} holds a network without a training run: load it with load_network")
    if run.stop not in Stop.__members__:
        raise damaged(file, f"it gives the unknown reason {run.stop!r} why the run stopped")
    return Trajectory(
        times=tensors["times"],
        records={name: tensors[f"records/{name}"] for name in run.records},
        network=put_together(file, content.network, tensors),
        stop=Stop[run.stop],
        steps=run.steps,
        seconds=run.seconds,
        state=tuple(tensors[f"state/{leaf}"] for leaf in range(run.state)),
    )


def _run_arrays(run: RunHeader, trajectory: Trajectory) -> Tensors:
    arrays = {"times": trajectory.times}
    arrays |= {f"records/{name}": trajectory.records[name] for name in run.records}
    arrays |= {f"state/{number}": leaf for number, leaf in enumerate(trajectory.state)}
    return {name: np.asarray(array) for name, array in arrays.items()}


def _misfit(content: Content, shapes: Shapes) -> str | None:
    """Returns what in a file does not fit together, or None: first its header, then names, then shapes."""
    reason = misfit_of_header(content.network)
    if reason:
        return reason
    run = content.run
    needed = {name for names in names_of_parts(content.network).values() for name in names if name}
    if run is not None:
        if not 0 <= run.state <= len(shapes):
            return f"its header gives {run.state} arrays of state, and it has {len(shapes)} in all"
        needed |= {"times", *(f"records/{name}" for name in run.records)}
        needed |= {f"state/{number}" for number in range(run.state)}
    for names, word in ((needed - set(shapes), "lacks the tensor"), (set(shapes) - needed, "has the unknown tensor")):
        if names:
            return f"it {word} {min(names)}"
    return misfit_of_shapes(content.network, shapes) or (run and _misfit_of_run(run, shapes))


def _misfit_of_run(run: RunHeader, shapes: Shapes) -> str | None:
    """Returns what does not fit together in the shapes of times and records, or None."""
    times = shapes["times"]
    if len(times) != 1:
        return f"times has shape {times} and must have one axis"
    for name in run.records:
        shape = shapes[f"records/{name}"]
        if shape[:1] != times:
            return f"records/{name} has shape {shape} and must have one entry for each of {times[0]} times"
    return None


def _unstorable(run: RunHeader, arrays: Tensors) -> str | None:
    """Returns what of a run a file cannot hold, or None."""
    if not math.isfinite(run.seconds):
        return f"its wall time is {run.seconds} seconds"
    for name, array in arrays.items():
        if array.dtype.name not in _STORABLE:
            return f"{name} has type {array.dtype}, which safetensors cannot hold"
    return None
