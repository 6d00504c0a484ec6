"""Draws the pictures of README and of the studies' pages from stores: python docs/draw_images.py STORE [STORE …]."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image
from write_results import chosen

from condenslab import figures, studies
from condenslab.report.publishing import fit
from condenslab.sweeps import Store

IMAGES = Path(__file__).parent / "images"
_WIDEST = 1200


def main(paths: list[str]) -> None:
    """Draws the first figure of every study, from the runs that results.md tells of.

    Args:
        paths: Folders of stores.
    """
    captions = IMAGES / "studies" / "captions.json"
    told = json.loads(captions.read_text(encoding="utf-8")) if captions.exists() else {}
    found = [(run, Store(path)) for path in paths for run in Store(path).runs(latest=False)]
    for run in chosen(run for run, _ in found):
        (records,) = (store.records(run.study) for other, store in found if other is run)
        drawings = studies.get(run.study).draw([records[identity] for identity in run.records])
        lead = next(drawing for drawing in drawings if isinstance(drawing.figure, plt.Figure))
        if run.study == "recovery":
            lead.figure.savefig(IMAGES / "recovery.png", dpi=110)
        save(lead.figure, IMAGES / "studies" / f"{run.study}.png")
        told[run.study] = {"title": lead.title, "caption": lead.caption}
        plt.close("all")
    captions.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@figures.styled
def save(figure: plt.Figure, path: Path) -> None:
    """Saves a figure as it is published, in 64 colours and at most 1,200 pixels wide: some tens of kilobytes.

    Args:
        figure: The figure.
        path: The file.
    """
    path.parent.mkdir(exist_ok=True)
    fit(figure)
    figure.savefig(path, dpi=min(120, _WIDEST / figure.get_figwidth()))
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
