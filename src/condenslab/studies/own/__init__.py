"""Sweeps of one's own, described in a TOML file: grids, draws and searches over a function or the library's parts."""

from condenslab.studies.own.launch import Swept, plan_file, sweep_file
from condenslab.studies.own.spec import Spec, read_spec

__all__ = ["Spec", "Swept", "plan_file", "read_spec", "sweep_file"]
