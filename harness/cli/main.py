"""The command ``abec``: subcommands, and one handler that turns errors into lines and codes."""

from __future__ import annotations

import difflib
import importlib
import signal
import sys
from collections.abc import Mapping
from types import FrameType

import click

from harness.errors import AbecError, Exit
from harness.process.scratch import sweep

_COMMANDS: Mapping[str, str] = {
    "run": "Measure patterns under a workload of your own.",
    "listen": "Count what a server of yours sends by itself, and how far apart.",
    "compare": "Measure patterns against each other, or judge two saved results.",
    "tls": "Measure what TLS costs: connections per second, latency and memory.",
    "report": "Make a page for a browser of saved results.",
    "verify": "Compute the figures of a result again from its stamps.",
    "retell": "Show what others would have reported of one run with stops.",
    "regress": "Judge a commit, or a version of a library, against another.",
    "versions": "Find which release of a library changed a figure.",
    "commands": "Measure every Redis command with both clients, in one table.",
    "scale": "Measure what a balancer, a backplane and more gateways do to WebSockets.",
    "patterns": "List patterns: exchange, servers, clients, guarantees.",
    "serve": "Start what a pattern needs and print its URLs.",
    "doctor": "Check whether this machine's figures can be trusted.",
    "init": "Write a commented file of scenarios.",
    "bench": "What `make bench` calls: one quick profile of every exchange.",
}

_MOMENT_S = 0.01


class _Commands(click.Group):
    """Imports a subcommand when it is asked for, so that each starts fast."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Give the subcommands in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``harness.cli.NAME`` and give its command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"harness.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest name for one that does not exist."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_COMMANDS)}"
            raise click.UsageError(f'command "{args[0]}": no such command; {hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"max_content_width": 100})
@click.version_option(package_name="abec-bench", prog_name="abec")
def cli() -> None:
    """Which communication pattern should carry these messages, and what does it cost?

    \b
    Examples:
      abec run websocket sse --rate 2k --subscribers 50 --runs 8
      abec compare --scenario chat

    \b
    Exit codes: 0 measured and fine; 1 the answer is no (slower, doctor failed);
    2 bad input; 3 not, or not validly, measured.
    """


def main() -> None:
    """Run ``abec`` and exit with its code."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.unraisablehook = _not_lost
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = Exit.BAD_INPUT
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "abec"
        _complain(f"{_misuse(error)} ({command} --help)")
        code = Exit.BAD_INPUT
    except click.ClickException as error:
        _complain(error.format_message())
        code = Exit.BAD_INPUT
    except AbecError as error:
        _complain(str(error))
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted; every process that was started has ended")
        code = Exit.NOT_MEASURED
    except SystemExit:
        # Click's way to end when whoever read the answer has gone; its code 1 would be a verdict.
        code = Exit.NOT_MEASURED
    sweep(own=True)
    sys.exit(int(code or 0))


def _misuse(error: click.UsageError) -> str:
    """Say in the form of all errors what click says in its own."""
    if isinstance(error, click.NoSuchOption):
        hint = f"; did you mean {error.possibilities[0]}?" if error.possibilities else ""
        return f"{error.option_name}: no such option{hint}"
    message = error.format_message().rstrip(".")
    if isinstance(error, click.BadOptionUsage):
        problem = message.removeprefix(f"Option '{error.option_name}' ")
        return f"{error.option_name}: {problem}"
    return message


def _complain(line: str) -> None:
    print(f"abec: {line}", file=sys.stderr)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _not_lost(unraisable: sys.UnraisableHookArgs) -> None:
    """Interrupt again, a moment later, where Python drops what is raised.

    A Ctrl-C that arrives while a process is forked (tens of milliseconds a run) is raised in a
    hook of the interpreter, which prints it and goes on as if nothing had happened.
    """
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        signal.signal(signal.SIGALRM, _as_interrupt)
        signal.setitimer(signal.ITIMER_REAL, _MOMENT_S)
    else:
        sys.__unraisablehook__(unraisable)
