"""The command line: each command builds a Policy, calls one function, prints."""

from __future__ import annotations

import functools
import inspect as signatures
import signal
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deid import __version__
from deid.errors import DeidError, ExitCode
from deid.policy import NAMED_POLICIES, Policy, load_policy

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
        _say(f"deid: {error}")
        code = error.exit_code
        if debug:
            raise
    except KeyboardInterrupt:
        _say("deid: interrupted; what was finished stays finished. Run the same command again to go on.")
        code = ExitCode.INTERRUPTED
    except typer.Exit as stop:
        code = stop.exit_code
    except Exception as error:
        if hasattr(error, "format_message"):
            _say(f"deid: {error.format_message()}")
            code = ExitCode.USAGE
        else:
            _say(f"deid: unexpected {type(error).__name__}. Nothing unproven was released. Run with --debug to see where.")
            code = ExitCode.UNEXPECTED
            if debug:
                raise
    raise SystemExit(int(code or 0))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
def inspect(
    inputs: Inputs,
    *,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Folder for pictures with the findings drawn in; keep it private.")
    ] = None,
    as_json: AsJson = False,
    policy: Policy,
) -> None:
    """Say what would be removed; write nothing but the preview. Exit status 8 where anything identifying was found."""
    from deid import selfcheck

    raise typer.Exit(selfcheck.inspect_inputs(inputs, policy, preview, as_json))


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
