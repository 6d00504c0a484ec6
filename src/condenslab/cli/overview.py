"""The commands and the text of `condenslab --help`; imports nothing, so that help is instant."""

SUMMARIES = {
    "list": "List the studies: question, source, presets with their settings, claims.",
    "run": "Compute what is missing for one or more studies, store it, and print their claims.",
    "sweep": "Compute a grid, draws or a search of your own, described in a TOML file.",
    "claims": "Print the claims of the runs in a folder; exit status 1 if one of them fails.",
    "report": "Write the results in a folder as one self-contained HTML page.",
    "figures": "Write the figures of a folder as files for a paper: svg, pdf or png, in column widths.",
    "serve": "Show a folder live in the browser of this machine: how it stands, and its page.",
    "status": "Say what is done, failed and missing in a folder, and how long the rest takes.",
    "merge": "Copy the results of several folders into one.",
    "export": "Write the records of a folder as Parquet, CSV or netCDF (xarray).",
    "show": "Show one record: its case, its numbers, and the command that makes it.",
    "plan": "Say how many samples a target needs from an architecture, and what would change that.",
    "prove": "Prove the critical points in a folder by ball arithmetic and write a certificate of each.",
    "verify": "Check a certificate from scratch, by a second program; exit status 1 if it is refused.",
    "measure": "Read any checkpoint, running nothing in it, and say of each layer whether it has condensed.",
    "reduce": "Make a torch module smaller: units that are one become one, certified, with a receipt.",
    "embed": "Make a torch module wider without changing what it computes, with a receipt.",
    "predict": "Predict from the network that a run on your own table found.",
    "doctor": "Check that this JAX build computes correctly; show versions, device and speed.",
}
"""What each command does."""

OVERVIEW = "\n".join(
    [
        "usage: condenslab COMMAND [OPTIONS], or condenslab --version",
        "",
        "A laboratory for neuron condensation: networks are trained where their neurons gather into a few groups,",
        "measured, reduced and explained, and each assertion of the theory is checked as a claim with a margin.",
        "",
        *(f"  {name:8} {summary}" for name, summary in SUMMARIES.items()),
        "",
        "`condenslab COMMAND --help` shows the options of a command. To begin: condenslab run recovery",
        "",
        "exit status: 0 no claim fails, 1 a claim fails, 2 a mistake in the request, 3 interrupted (run the same",
        "command again to go on), 70 an internal error",
    ]
)
"""What `condenslab --help` prints."""
