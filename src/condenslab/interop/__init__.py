"""What goes in and out: networks and training runs in files that other programs can read."""

from condenslab.interop.checkpoints import load_network, load_trajectory, save_network, save_trajectory

__all__ = ["load_network", "load_trajectory", "save_network", "save_trajectory"]
