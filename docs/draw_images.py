"""Draws the README's picture from the store of a demo: python docs/draw_images.py runs."""

import sys
from pathlib import Path

from condenslab import studies
from condenslab.sweeps import Store

store = Store(sys.argv[1])
run = next(run for run in store.runs() if run.study == "recovery")
records = store.records()
overview = studies.get("recovery").draw([records[identity] for identity in run.records])[0]
overview.figure.savefig(Path(__file__).parent / "images" / "recovery.png", dpi=110)
