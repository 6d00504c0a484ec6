"""What goes in and out: our networks and runs in files, and other people's networks, read safely and measured.

Names are loaded when they are first used, so that measuring a file needs no JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condenslab.interop.checkpoints import load_network, load_trajectory, save_network, save_trajectory
    from condenslab.interop.neurons import HeadReport, LayerReport, Measurement, Null, measure, measure_arrays
    from condenslab.interop.reading import Checkpoint, read
    from condenslab.interop.structure.discovery import groups
    from condenslab.interop.structure.embedding import embed
    from condenslab.interop.structure.groups import Certificate, Frozen, Group, Groups, Member
    from condenslab.interop.structure.reduction import Edited, reduce
    from condenslab.interop.structure.writing import save
    from condenslab.interop.torch_seam import TorchRisk, pytorch
    from condenslab.interop.trainers import lightning_callback, transformers_callback
    from condenslab.interop.watching import Watcher

__all__ = [
    "Certificate",
    "Checkpoint",
    "Edited",
    "Frozen",
    "Group",
    "Groups",
    "HeadReport",
    "LayerReport",
    "Measurement",
    "Member",
    "Null",
    "TorchRisk",
    "Watcher",
    "embed",
    "groups",
    "lightning_callback",
    "load_network",
    "load_trajectory",
    "measure",
    "measure_arrays",
    "pytorch",
    "read",
    "reduce",
    "save",
    "save_network",
    "save_trajectory",
    "transformers_callback",
]

_HOMES = {
    "checkpoints": ("load_network", "load_trajectory", "save_network", "save_trajectory"),
    "neurons": ("HeadReport", "LayerReport", "Measurement", "Null", "measure", "measure_arrays"),
    "structure.discovery": ("groups",),
    "structure.embedding": ("embed",),
    "structure.groups": ("Certificate", "Frozen", "Group", "Groups", "Member"),
    "structure.reduction": ("Edited", "reduce"),
    "structure.writing": ("save",),
    "torch_seam": ("TorchRisk", "pytorch"),
    "trainers": ("lightning_callback", "transformers_callback"),
    "watching": ("Watcher",),
    "reading": ("Checkpoint", "read"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"condenslab.interop.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
