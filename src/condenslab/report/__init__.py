"""The atlas: one self-contained HTML page from a store of runs. It reads and draws; it computes nothing."""

from condenslab.report.page import write

__all__ = ["write"]
