"""What the page says to a first-time reader."""

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;font-size:.85rem}"
    "td,th{padding:.2rem .5rem;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}.small{font-size:.8rem;color:#555}"
    ".row{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-size:.75rem;color:#555}"
    "img{width:120px;height:120px;image-rendering:pixelated}"
    "section{border-top:1px solid #ddd;margin-top:1rem}"
)

VERDICT_TEXTS = {
    "condensed": (
        "Its neurons gather: many more of them have a near twin than in a layer of the same spectrum without "
        "groups. How many could be merged is what “directions” says, not this word."
    ),
    "low-rank": (
        "Its neurons share a few input directions, so they are alike, but no more than in any rotation of "
        "them: there are no groups of neurons."
    ),
    "as random": ("Neither groups of neurons nor a common subspace show: nearest neighbours are as in the nulls."),
    "undecided": (
        "There is more likeness than chance explains, but not enough for a verdict, or too few neurons for one."
    ),
}
"""What each verdict means."""

INTRODUCTION = (
    "<p>A neuron is a row of a weight matrix (a filter of a convolution), its bias included. During "
    "training the neurons of a layer may gather into a few directions; two neurons of one direction "
    "compute nearly the same, so such a layer behaves like a narrower one. This is "
    "condensation.</p><p><b>Nearest</b> is the |cosine| of a neuron with the one most like it: 1 is the "
    "same direction, and in many dimensions chance gives values well below. <b>Pairs</b> above .95 "
    "nearly duplicate each other. <b>Directions</b> are the groups that are left when those within "
    "cosine .95 of each other count as one; <b>effective width</b> leaves out dead (zero) and faint (a "
    "tenth of the median norm) neurons as well. <b>Twins</b> are neurons nearer to another one than any "
    "is in a null. The null <i>rotation</i> mixes the neurons by a random orthogonal matrix, which keeps "
    "all singular values: twins beyond it are what no method that looks at singular values can see. The "
    "null <i>columns</i> permutes each input's weights: twins beyond it alone mean low rank. A cosine "
    "alone says little: compare it with the null beside it.</p>"
)
"""How to read the page."""
