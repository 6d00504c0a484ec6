"""The commands. Each takes its options and returns the exit status; what is heavy is imported inside."""

import sys
from typing import TYPE_CHECKING, Any

from condenslab.cli import machine
from condenslab.cli.measure_options import MeasureOptions
from condenslab.cli.options import (
    ClaimsOptions,
    DoctorOptions,
    ListOptions,
    PlanOptions,
    ProveOptions,
    ReportOptions,
    RunOptions,
    VerifyOptions,
)
from condenslab.cli.reduce_options import EmbedOptions, ReduceOptions
from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.studies import Plan
    from condenslab.sweeps import Run


def list_command(options: ListOptions) -> int:
    """Lists the studies."""
    from condenslab import studies
    from condenslab.cli import show

    known = [studies.get(name) for name in studies.names()]
    if options.json:
        _write(
            show.as_json(
                [
                    {
                        "study": study.name,
                        "question": study.question,
                        "source": study.source,
                        "presets": list(study.presets),
                        "claims": list(study.claim_statements),
                    }
                    for study in known
                ]
            )
        )
    else:
        _write("\n\n".join(map(show.study_text, known)))
    return 0


def run_command(options: RunOptions) -> int:
    """Runs studies and prints their claims."""
    if not options.out.strip():
        raise UserError("--out needs the name of a folder. Got an empty one")
    machine.limit_threads(options.threads)
    from condenslab import studies
    from condenslab.cli import show
    from condenslab.cli.interruption import heeding
    from condenslab.cli.progress import progress_of
    from condenslab.sweeps import executor

    executor(options.executor)
    plans = _plans(options)
    if options.dry_run:
        return _dry_run(options, plans)
    _require_memory(options, plans)
    runs: list[Run] = []
    machine.prepare_jax()
    for plan in plans:
        with progress_of(plan.study.name, quiet=options.quiet) as progress:
            run = studies.execute(plan, out=options.out, executor=options.executor, progress=heeding(progress))
        runs.append(run)
    rows = [row for run in runs for row in run.claims]
    if options.json:
        _write(show.as_json(rows))
    else:
        _write(f"{show.claims_text(rows)}\n{show.tally(rows)}; stored in {options.out}")
    failed = [run for run in runs if run.failures]
    for run in failed:
        machine.say(f"condenslab: {show.failures_text(run)}")
    return 70 if failed else _status(rows, strict=options.strict)


def claims_command(options: ClaimsOptions) -> int:
    """Prints the claims in a store."""
    from condenslab.cli import show
    from condenslab.sweeps import Store, require_claims

    runs = Store(_folder("claims", options.directory)).runs(latest=not options.all)
    require_claims(runs)
    rows = [row for run in runs for row in run.claims]
    if options.json:
        _write(show.as_json(rows))
    elif runs:
        _write(f"{show.claims_text(rows)}\n{show.tally(rows)}")
    else:
        _write(f"no run in {options.directory} has finished yet")
    return _status(rows, strict=False)


def report_command(options: ReportOptions) -> int:
    """Writes the page of a store."""
    from condenslab import report

    folder = _folder("report", options.directory)
    try:
        report.write(folder, options.output)
    except OSError as error:
        raise UserError(f"the page {options.output} cannot be written: {error.strerror or error}") from error
    _write(f"wrote {options.output}")
    return 0


def plan_command(options: PlanOptions) -> int:
    """Says how many samples a target needs."""
    from condenslab.cli import plan, plan_module, show

    machine.prepare_jax()
    if ":" in options.kind:
        answer = plan_module.make(options)
        _write(show.as_json(answer) if options.json else plan_module.as_text(answer))
        return 0
    made = plan.make(options)
    if options.figure is not None:
        plan.draw(made, options.figure)
    _write(show.as_json(plan.as_dict(made)) if options.json else plan.as_text(made))
    if options.figure is not None and not options.json:
        _write(f"wrote {options.figure}")
    return 0


def prove_command(options: ProveOptions) -> int:
    """Proves the critical points of a store."""
    from condenslab.cli import prove, show

    folder = _folder("prove", options.directory)
    machine.prepare_jax()
    rows = prove.prove_store(folder, options.study, options.output or f"{folder}/certificates")
    _write(show.as_json(rows) if options.json else prove.as_text(rows))
    return 0


def verify_command(options: VerifyOptions) -> int:
    """Checks a certificate."""
    from condenslab.cli import show, verify

    row = verify.verify_file(options.certificate)
    _write(show.as_json(row) if options.json else verify.as_text(row))
    return int(not row["verified"])


def measure_command(options: MeasureOptions) -> int:
    """Says of each layer of a checkpoint whether it has condensed."""
    from condenslab.cli import measure

    _write(measure.run(options))
    return 0


def doctor_command(options: DoctorOptions) -> int:
    """Checks the JAX build."""
    machine.require_device()
    from condenslab import doctor
    from condenslab.cli import show

    diagnosis = doctor.check()
    _write(show.as_json(diagnosis.as_dict()) if options.json else diagnosis.text())
    if diagnosis.problem:
        machine.say(f"condenslab: {diagnosis.problem}")
        return 1
    return 0


def _plans(options: RunOptions) -> "list[Plan]":
    """Checks the whole request before anything is computed or written."""
    from condenslab import studies
    from condenslab.studies.settings import assignments

    texts = [text for group in options.set for text in group]
    behind = [text for text in texts if text in studies.names()]  # in `run --set a=1 STUDY` tyro takes it for a setting
    names = list(dict.fromkeys([*options.studies, *behind]))
    if not names:
        raise UserError(f"run needs the name of a study. Valid: {', '.join(studies.names())}")
    overrides = assignments([text for text in texts if text not in behind])
    for name in names:
        studies.get(name)
    data = None
    if options.data is not None:
        from condenslab.tasks import read_table

        data = read_table(options.data)
    return [
        studies.plan(name, preset=options.preset, seed=options.seed, overrides=overrides, data=data) for name in names
    ]


def _require_memory(options: RunOptions, plans: "list[Plan]") -> None:
    """Refuses a run of which one batch asks for more memory than there is, by the study's own estimate."""
    from condenslab.memory import shortage

    for plan in plans:
        missing = shortage(1e6 * _cost(plan, options.out)["megabytes"])
        if missing:
            raise UserError(
                f"{plan.study.name} does not fit on this machine: {missing}; give less data or smaller settings "
                "(--dry-run shows what they cost)"
            )


def _dry_run(options: RunOptions, plans: "list[Plan]") -> int:
    from condenslab.cli import show

    rows = [_cost(plan, options.out) for plan in plans]
    if options.json:
        _write(show.as_json(rows))
        return 0
    for row in rows:
        _write(
            f"{row['study']}, preset {row['preset']}, seed {row['seed']}: {row['cases']} cases in {row['batches']} "
            f"batches, {row['stored']} of them stored already; the rest takes about {show.number(row['seconds'])} s "
            f"and {show.number(row['megabytes'])} MB"
        )
    return 0


def _cost(plan: "Plan", out: str) -> dict[str, Any]:
    """Estimates what a run would compute, from the study's own figures."""
    from condenslab.sweeps import Store

    known = Store(out).records(plan.study.name) if Store.exists(out) else {}
    batches = plan.batches()
    pending = [batch for batch in batches if batch.missing(known)]
    missing = sum(len(batch.missing(known)) for batch in pending)
    cases = sum(len(batch.ids) for batch in batches)
    return {
        "study": plan.study.name,
        "preset": plan.preset,
        "seed": plan.seed,
        "cases": cases,
        "stored": cases - missing,
        "batches": len(batches),
        "seconds": float(sum(batch.seconds for batch in pending)),
        "megabytes": max((batch.bytes for batch in pending), default=0) / 1e6,
    }


def reduce_command(options: ReduceOptions) -> int:
    """Makes a torch module smaller."""
    from condenslab.cli import reduce

    _write(reduce.run_reduce(options))
    return 0


def embed_command(options: EmbedOptions) -> int:
    """Makes a torch module wider."""
    from condenslab.cli import reduce

    _write(reduce.run_embed(options))
    return 0


def _folder(command: str, directory: str) -> str:
    if not directory:
        raise UserError(f"{command} needs the folder that `condenslab run --out DIR` filled: condenslab {command} DIR")
    return directory


def _status(rows: list[dict[str, Any]], *, strict: bool) -> int:
    verdicts = {row["verdict"] for row in rows}
    return int("fails" in verdicts or (strict and "undecided" in verdicts))


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
