"""The command line: each command builds a Policy, calls one function, prints."""

from __future__ import annotations

import functools
import inspect as signatures
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deid import __version__, terminal
from deid.errors import DeidError, ExitCode, UsageError
from deid.policy import NAMED_POLICIES, Policy, load_policy
from deid.types import Status

app = typer.Typer(
    name="deid",
    help="Finds what identifies a patient in medical images, blacks it out, strips the metadata, and proves it.",
    no_args_is_help=True,
    # Tracebacks with local variables would print what was read on a picture.
    pretty_exceptions_enable=False,
    add_completion=True,
)

Inputs = Annotated[list[Path], typer.Argument(help="Files or folders; folders are walked.", show_default=False)]
Out = Annotated[
    Path, typer.Option("--out", help="The clean folder; what needs a person goes to DIR-held beside it.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a file to stdout.")]
Known = Annotated[
    str, typer.Option("--known-from", help="File (or - for stdin) with known identifiers, one a line; never on the command line.")
]


class Executor(StrEnum):
    """Where workers run."""

    LOCAL = "local"
    DASK = "dask"


# Options of the contract that are policy fields too stand first; the other fields follow in a panel of their own.
_FIRST_CLASS: Final = ("review", "names", "write_as")


def run() -> None:
    """Start the command line; errors become one sentence and an exit status, never a traceback (unless --debug)."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        code = app(args=arguments, standalone_mode=False)
    except DeidError as error:
        terminal.say(f"deid: {error}")
        code = error.exit_code
        if debug:
            raise
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except typer.Exit as stop:
        code = stop.exit_code
    except Exception as error:
        if hasattr(error, "format_message"):
            terminal.say(f"deid: {error.format_message()}")
            code = ExitCode.USAGE
        else:
            terminal.say(f"deid: unexpected {type(error).__name__}. Nothing unproven was released. Run with --debug to see where.")
            code = ExitCode.UNEXPECTED
            if debug:
                raise
    if code == ExitCode.INTERRUPTED:
        terminal.say("deid: interrupted; what was finished stays finished. Run the same command again to go on.")
    raise SystemExit(int(code or 0))


def _with_policy(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--policy` and one option for every field of the policy, generated from its declaration."""
    names = [spec.name for spec in fields(Policy) if spec.name != "name"]

    @functools.wraps(command)
    def wrapped(*args: Any, policy: str, **kwargs: Any) -> Any:
        changes = {name: kwargs.pop(name) for name in names}
        chosen = load_policy(policy).but(**{name: value for name, value in changes.items() if value is not None})
        return command(*args, policy=chosen, **kwargs)

    signature = signatures.signature(command, eval_str=True)
    kept = [parameter for parameter in signature.parameters.values() if parameter.name != "policy"]
    chosen = typer.Option("posting", "--policy", help=f"{', '.join(NAMED_POLICIES)}, or a TOML file.")
    extra = [signatures.Parameter("policy", signatures.Parameter.KEYWORD_ONLY, default=chosen, annotation=str)]
    extra += [_policy_parameter(spec) for spec in fields(Policy) if spec.name != "name"]
    wrapped.__signature__ = signature.replace(parameters=[*kept, *extra])  # type: ignore[attr-defined]
    # Typer reads annotations too, and would follow `__wrapped__` to those of the command itself.
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in (*kept, *extra)}
    del wrapped.__wrapped__
    return wrapped


def _policy_parameter(spec: Any) -> signatures.Parameter:
    flag = spec.metadata["flag"] or "--" + spec.name.replace("_", "-")
    if isinstance(spec.default, bool):
        flag = f"{flag}/--no-{flag[2:]}"
    choices = spec.metadata["choices"]
    help = spec.metadata["help"] + (f" One of: {', '.join(choices)}." if choices else "")
    option = typer.Option(
        None, flag, help=help, show_default=str(spec.default), rich_help_panel=None if spec.name in _FIRST_CLASS else "Policy"
    )
    kind: Any = type(spec.default) | None
    return signatures.Parameter(spec.name, signatures.Parameter.KEYWORD_ONLY, default=option, annotation=kind)


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False) -> None:
    if version:
        print(f"deid-toolkit {__version__}")
        raise typer.Exit


@app.command()
@_with_policy
def redact(
    inputs: Inputs,
    *,
    out: Out,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Worker processes; 0 means one a core.")] = 0,
    known_from: Known = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Do everything again, also what an earlier run finished.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Find and plan; write nothing.")] = False,
    shard: Annotated[
        str, typer.Option("--shard", help="Do one part of the inputs, such as 3/64; `deid merge` gathers the parts.")
    ] = "",
    executor: Annotated[Executor, typer.Option("--executor", help="This machine, or a Dask cluster.")] = Executor.LOCAL,
    scheduler: Annotated[str, typer.Option("--scheduler", help="Address of the Dask scheduler, such as tcp://host:8786.")] = "",
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    policy: Policy,
) -> None:
    """De-identify files and folders into DIR. Nothing enters DIR that was not read again and found clean."""
    from deid import batch

    if (executor is Executor.DASK) != bool(scheduler):
        raise UsageError("--executor dask and --scheduler go together.", "Give both, or neither.")
    options = {"jobs": jobs, "known": _known_values(known_from), "fresh": fresh, "dry_run": dry_run}
    options |= {"shard": batch.Shard.parse(shard) if shard else None, "scheduler": scheduler}
    with terminal.Report(as_json=as_json, quiet=quiet) as report:
        _follow(batch, inputs, out, policy, options, report)
    # A part may be empty: there are fewer folders than parts.
    raise typer.Exit(batch.exit_code(report.statuses) if report.statuses or not shard else ExitCode.CLEAN)


@app.command()
def merge(
    shards: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Clean folders of shards.", show_default=False)],
    *,
    out: Out,
) -> None:
    """Gather the clean folders of shards into one, with one audit log; the shards stay as they are."""
    from deid import batch

    with batch.written_or_told():
        added = batch.merge(shards, out)
    terminal.say(f"{added} records added.")


@app.command()
@_with_policy
def inspect(
    inputs: Inputs,
    *,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Folder for pictures with the findings drawn in; keep it private.")
    ] = None,
    known_from: Known = "",
    as_json: AsJson = False,
    policy: Policy,
) -> None:
    """Say what would be removed; write nothing but the preview. Exit status 8 where anything identifying was found."""
    from deid import batch

    options = {"known": _known_values(known_from), "dry_run": True, "preview": preview}
    with terminal.Report(as_json=as_json, verb="would be covered") as report:
        _follow(batch, inputs, Path(), policy, options, report)
    failed = Status.FAILED in report.statuses
    raise typer.Exit(ExitCode.SOME_FAILED if failed else ExitCode.FOUND if report.found else ExitCode.CLEAN)


def _follow(batch: Any, inputs: list[Path], out: Path, policy: Policy, options: dict[str, Any], report: terminal.Report) -> None:
    def progress(event: Any) -> None:
        report.progress(event.phase, event.done, event.total)

    for outcome in batch.run_with(inputs, out, policy, batch.Options(progress=progress, **options)):
        report.take(outcome)


def _known_values(known_from: str) -> Any:
    if not known_from:
        return ()
    from deid import phi

    try:
        text = sys.stdin.read() if known_from == "-" else Path(known_from).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The list of known identifiers cannot be read.", "Give a UTF-8 text file, one identifier a line."
        ) from error
    return phi.known_from_list(text)


@app.command()
@_with_policy
def watch(
    drop: Annotated[Path, typer.Argument(help="The drop folder.", show_default=False)],
    *,
    out: Out,
    processed: Annotated[
        Path | None, typer.Option("--processed", help="Move finished sources there; without it they stay.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to do.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Worker processes; 0 means one a core.")] = 0,
    print_unit: Annotated[
        bool, typer.Option("--print-unit", help="Print a systemd user unit that watches these folders, and stop.")
    ] = False,
    as_json: AsJson = False,
    policy: Policy,
) -> None:
    """Watch a drop folder: files that are put in come out clean in DIR; runs until it is stopped."""
    from deid import batch
    from deid.watch import WatchOptions, systemd_unit
    from deid.watch import watch as watched

    if print_unit:
        print(
            systemd_unit(Path(sys.argv[0]).absolute(), drop.absolute(), out.absolute(), processed and processed.absolute()), end=""
        )
        raise typer.Exit
    options = WatchOptions(processed=processed, once=once, notice=terminal.say, batch=batch.Options(jobs=jobs))
    with terminal.Report(as_json=as_json) as report:
        for outcome in watched(drop, out, policy, options):
            report.take(outcome)
            report.tell(outcome)
    raise typer.Exit(batch.exit_code(report.statuses) if report.statuses else ExitCode.CLEAN)


@app.command()
def review(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The clean folder of a run; without it, drop files into the page.")
    ] = None,
    policy: Annotated[str, typer.Option("--policy", help="Another policy than that of the run.", show_default=False)] = "",
    sample: Annotated[str, typer.Option("--sample", help="Look at a random share of the released files too, such as 5%.")] = "",
    idle: Annotated[float, typer.Option("--idle", min=1, help="Stop after so many minutes without use.")] = 30.0,
) -> None:
    """Open a page on this computer: look at what is held, approve, add, move or remove boxes, release it."""
    from deid.review.server import serve

    def tell(link: str) -> None:
        terminal.say(f"Open this link in a browser on this computer; it works once:\n{link}\nCtrl-C stops the page.")

    serve(folder, load_policy(policy) if policy else None, tell, idle_minutes=idle, sample=_share(sample))


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1) if text else 0.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError("A sample is a share such as 5% or 0.05.")
    return share


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The clean folder.", show_default=False)],
    deep: Annotated[bool, typer.Option("--deep", help="Read every clean file again for identifying text.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the audit chain, the outputs' hashes, and files in DIR that no record explains."""
    from deid.audit import check
    from deid.keys import load_key

    report = check(folder, load_key())
    faults = [(fault.seq, fault.text, fault.file.reveal()) for fault in report.faults]
    if deep and report.sound and report.clean:
        faults += _read_deep(folder)
    for seq, text, file in faults:
        terminal.say(f"{text} {file}".rstrip() if sys.stderr.isatty() or not file else text)
        if as_json:
            print(json.dumps({"record": seq or None, "fault": text}))
    if as_json:
        print(json.dumps({"records": report.records, "clean": report.clean, "sound": not faults}))
    terminal.say(f"{report.records} records, {report.clean} clean files: {'NOT sound' if faults else 'all as written'}.")
    raise typer.Exit(ExitCode.AUDIT_BROKEN if faults else ExitCode.CLEAN)


def _read_deep(folder: Path) -> list[tuple[int, str, str]]:
    """Look at every file of a clean folder as if it were a source; only evidence that needs no neighbours counts."""
    from deid import batch

    faults = []
    for outcome in batch.run_with([folder], Path(), Policy(), batch.Options(dry_run=True)):
        strong = sorted({finding.category.value for finding in outcome.plan.findings if finding.stands_alone})
        if strong or outcome.status is Status.FAILED:
            what = f"still shows {', '.join(strong)}" if strong else "cannot be read"
            faults.append((0, f"A clean file {what}.", outcome.source.path.reveal()))
    return faults


@app.command()
def trace(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The clean folder.", show_default=False)],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SOURCE...", help="Sources, copies of them, or released files that came back.", show_default=False),
    ] = None,
    patient: Annotated[
        str, typer.Option("--patient", help="File (or - for stdin) with a patient's id or name a line; never on the command line.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a released file to stdout.")] = False,
) -> None:
    """Say which files were released from a source or for a patient, for a take-down."""
    from deid import batch

    found = batch.trace(folder, sources or (), tuple(value.value for value in _known_values(patient)))
    for one in found.released:
        if as_json:
            values = {"output": one.output, "output_sha256": one.output_sha256, "time": one.time, "there": one.there}
            print(json.dumps({**values, "because": one.because.name.lower()}))
        else:
            where = "still here" if one.there else "not here any more"
            print(f"{one.output}  released {one.time[:10]}, {where}; {one.because.value}")
            for path in one.sources if sys.stdout.isatty() else ():
                print(f"    {path.reveal()}")
    gone, count = sum(not one.there for one in found.released), len(found.released)
    if count:
        terminal.say(f"{count} released file{'s' if count != 1 else ''}, {gone} of them not here any more.")
    else:
        terminal.say("An input fits, and nothing of it was ever released." if found.inputs else "Nothing that was met here fits.")
    if found.fault:
        terminal.say(f"The audit log is broken, so this may not be all: {found.fault}")
    raise typer.Exit(ExitCode.AUDIT_BROKEN if found.fault else ExitCode.CLEAN)


@app.command()
def caption(
    text: Annotated[str, typer.Argument(help="The text of a post, a file that holds it, or - for stdin.", show_default=False)],
    as_json: AsJson = False,
    policy: Annotated[str, typer.Option("--policy", help=f"{', '.join(NAMED_POLICIES)}, or a TOML file.")] = "posting",
) -> None:
    """Flag what a post's text gives away, and propose a wording. Exit status 8 where something was flagged."""
    from deid.phi.captions import check_caption

    words = _caption_text(text)
    report = check_caption(words, load_policy(policy))
    if as_json:
        flags = [
            {
                "start": flag.start,
                "end": flag.end,
                "category": flag.category.value,
                "evidence": flag.evidence,
                "suggestion": flag.suggestion,
                "question": flag.question,
            }
            for flag in report.flags
        ]
        print(json.dumps({"flags": flags, "wording": report.wording}, ensure_ascii=False))
    else:
        for flag in report.flags:
            what = flag.question or (f"say: {flag.suggestion}" if flag.suggestion else "leave out")
            where = words[flag.start : flag.end] if sys.stderr.isatty() else f"characters {flag.start} to {flag.end}"
            terminal.say(f"{flag.category.value}: {where} → {what}")
        print(report.wording)
    raise typer.Exit(ExitCode.CLEAN if report.clean else ExitCode.FOUND)


def _caption_text(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    try:
        return Path(text).read_text(encoding="utf-8") if len(text) < 4096 and Path(text).is_file() else text
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("The caption cannot be read.", "Give a UTF-8 text file, the text itself, or - for stdin.") from error


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at the installation: engines, models, codecs, versions; say what is missing and how to get it."""
    from deid import selfcheck

    checks = selfcheck.doctor()
    for check in checks:
        mark = {True: "ok     ", False: "FAULT  ", None: "absent "}[check.ok]
        if not as_json:
            print(f"{mark}{check.name}: {check.text}{'  → ' + check.fix if not check.ok and check.fix else ''}")
    if as_json:
        print(json.dumps([{"name": check.name, "ok": check.ok, "text": check.text, "fix": check.fix} for check in checks]))
    raise typer.Exit(ExitCode.ENVIRONMENT_BROKEN if any(check.ok is False for check in checks) else ExitCode.CLEAN)


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to keep the demonstration in.", show_default=False)] = None,
) -> None:
    """Make a synthetic case, de-identify it, print what was found."""
    from deid import batch, selfcheck

    folder = out or Path(tempfile.mkdtemp(prefix="deid-demo-"))
    selfcheck.make_demo_case(folder / "case")
    with terminal.Report() as report:
        _follow(batch, [folder / "case"], folder / "clean", load_policy("posting"), {}, report)
    terminal.say(f"Sources: {folder / 'case'}   clean: {folder / 'clean'}")
    raise typer.Exit(batch.exit_code(report.statuses))


policies = typer.Typer(help="Policies: what goes, what stays, what happens in doubt.", no_args_is_help=True)
app.add_typer(policies, name="policy")


@policies.command("list")
def policy_list() -> None:
    """List the policies that come with the tool."""
    for name in NAMED_POLICIES:
        print(name)


@policies.command("show")
def policy_show(name: Annotated[str, typer.Argument(help="A named policy or a TOML file.")]) -> None:
    """Print a policy as commented TOML: every key, what it does, and why."""
    print(load_policy(name).toml(), end="")


@policies.command("check")
def policy_check(file: Annotated[str, typer.Argument(help="A TOML file.")]) -> None:
    """Check a policy file."""
    print(f"{load_policy(file).name}: sound, {load_policy(file).sha256[:12]}")
