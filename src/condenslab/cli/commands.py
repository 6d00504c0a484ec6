"""The commands. Each takes its options and returns the exit status; what is heavy is imported inside."""

import contextlib
from typing import TYPE_CHECKING, Any

from condenslab.cli import machine, streams
from condenslab.cli.measure_options import MeasureOptions
from condenslab.cli.options import (
    ClaimsOptions,
    DoctorOptions,
    FiguresOptions,
    ListOptions,
    PlanOptions,
    PredictOptions,
    ProveOptions,
    ReportOptions,
    RunOptions,
    ServeOptions,
    VerifyOptions,
)
from condenslab.cli.reduce_options import EmbedOptions, ReduceOptions
from condenslab.cli.requests import requested
from condenslab.cli.store_options import ExportOptions, MergeOptions, ShowOptions, StatusOptions, SweepOptions
from condenslab.errors import UserError

if TYPE_CHECKING:
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
    from condenslab.cli import cost, show
    from condenslab.cli.interruption import heeding
    from condenslab.cli.progress import progress_of
    from condenslab.sweeps import executor, require_limit

    executor(options.executor)
    require_limit(options.time_limit, "--time-limit")
    plans = requested(options)
    if options.dry_run:
        return cost.dry_run(options, plans)
    cost.require_memory(options, plans)
    runs: list[Run] = []
    answers: list[str] = []
    machine.prepare_jax()
    for plan in plans:
        with progress_of(plan.study.name, quiet=options.quiet) as progress:
            run = studies.execute(
                plan,
                out=options.out,
                executor=options.executor,
                progress=heeding(progress),
                time_limit=options.time_limit,
                say=machine.say,
            )
        runs.append(run)
        answers += studies.told(plan, run, options.out)
    rows = [row for run in runs for row in run.claims]
    if options.json:
        _write(show.as_json(rows))
    else:
        _write("\n".join([*answers, show.claims_text(rows), f"{show.tally(rows)}; stored in {options.out}"]))
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
    for run in runs:
        show.say_revision(run)
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


def figures_command(options: FiguresOptions) -> int:
    """Writes the figures of a store as files."""
    from condenslab import report

    folder = _folder("figures", options.directory)
    written, notes = report.save_figures(folder, options.output, options.format, study=options.study)
    for note in notes:
        machine.say(f"condenslab: {note}")
    _write(f"wrote {len(written)} figure{'s' * (len(written) != 1)} to {options.output}")
    return 0


def serve_command(options: ServeOptions) -> int:
    """Shows a store live until it is interrupted, which is how it ends."""
    from condenslab import report

    with report.LiveServer(_folder("serve", options.directory), port=options.port) as server:
        streams.write(f"{options.directory} is live at {server.url} for this machine alone; Ctrl-C ends it\n", now=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
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
    return int(prove.damaged(rows))


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


def sweep_command(options: SweepOptions) -> int:
    """Computes a sweep of the user's own."""
    machine.limit_threads(options.threads)
    from condenslab.cli import sweep

    return sweep.run(options)


def status_command(options: StatusOptions) -> int:
    """Says how a folder stands."""
    from condenslab.cli import stores

    return stores.status(options)


def merge_command(options: MergeOptions) -> int:
    """Copies folders into one."""
    from condenslab.cli import stores

    return stores.merge(options)


def export_command(options: ExportOptions) -> int:
    """Writes records as a file."""
    from condenslab.cli import stores

    return stores.export(options)


def show_command(options: ShowOptions) -> int:
    """Shows one record."""
    from condenslab.cli import stores

    return stores.show(options)


def doctor_command(options: DoctorOptions) -> int:
    """Checks the JAX build."""
    machine.require_device()
    from condenslab import doctor
    from condenslab.cli import show

    diagnosis = doctor.check()
    _write(show.as_json(diagnosis.as_dict()) if options.json else diagnosis.text())
    if diagnosis.warning:
        machine.say(f"condenslab: {diagnosis.warning}")
    if diagnosis.problem:
        machine.say(f"condenslab: {diagnosis.problem}")
        return 1
    return 0


def predict_command(options: PredictOptions) -> int:
    """Predicts from a network that a run on a table found."""
    from condenslab.cli import predict

    text = predict.run(options)
    if options.output is None:
        streams.write(text)
    else:
        _write(f"wrote {options.output}")
    return 0


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
    streams.write(text + "\n")
