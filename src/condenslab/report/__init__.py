"""The atlas: one self-contained HTML page from a store of runs. It reads and draws; it computes nothing."""

from condenslab.report.page import write
from condenslab.report.publishing import FORMATS, save_figures
from condenslab.report.serving import LiveServer

__all__ = ["FORMATS", "LiveServer", "save_figures", "write"]
