"""Any checkpoint as named arrays: formats are parsed as data, nothing in a file is ever executed or imported."""

from condenslab.interop.reading.checkpoint import Checkpoint, read

__all__ = ["Checkpoint", "read"]
