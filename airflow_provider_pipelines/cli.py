"""
The door to the commands: ``airflow-pipelines ...`` everywhere, ``airflow pipelines ...`` from Airflow 3.2 on.

Airflow imports this module for every ``airflow`` command, so it imports nothing, ``typing`` included; it holds the
table of commands and hands over.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_ABOUT = "Maintenance windows and fleets of EnOS, CodeArts and DLI; needs neither scheduler nor API server."
_NAME = "DAG_ID/GROUP_ID (its open record, else its last) or DAG_ID/GROUP_ID/RUN_ID"
_JSON = (("--json",), {"action": "store_true", "help": "write JSON"})
_YES = (("--yes",), {"action": "store_true", "help": "do not ask"})

#: name, what it does, and its arguments as argparse takes them
COMMANDS: tuple[tuple[str, str, tuple[tuple[tuple[str, ...], dict[str, Any]], ...]], ...] = (
    (
        "windows",
        "List the maintenance windows that are open",
        ((("--all",), {"action": "store_true", "help": "the last closed one of each, too"}), _JSON),
    ),
    (
        "show",
        "Show the record of a window, thing by thing",
        ((("window",), {"metavar": "WINDOW", "help": _NAME}), _JSON),
    ),
    (
        "restore",
        "Bring back what a window has stopped; shows what it would do, and asks",
        (
            (("window",), {"metavar": "WINDOW", "nargs": "?", "help": _NAME}),
            (
                ("--record",),
                {
                    "metavar": "FILE",
                    "help": "instead of WINDOW, where there is no metadata database: what 'show --json' wrote, or the "
                    "log of the window's snapshot; the connection comes from the environment",
                },
            ),
            _YES,
            _JSON,
        ),
    ),
    (
        "status",
        "Show the pipelines and jobs that a connection reaches",
        (
            (("--conn-id",), {"metavar": "ID", "required": True, "help": "a connection of type enos or huaweicloud"}),
            (("--name-pattern",), {"metavar": "P", "help": "only what matches, like a file name: 'wind-*'"}),
            _JSON,
        ),
    ),
)


def get_commands() -> list[Any]:
    """Give the commands to Airflow (3.2 and later)."""
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

    argument: Any = Arg

    commands = [
        ActionCommand(
            name=name,
            help=about,
            func=_handing_over(name),
            args=[argument(flags=flags, **kw) for flags, kw in arguments],
        )
        for name, about, arguments in COMMANDS
    ]
    return [GroupCommand(name="pipelines", help=_ABOUT, subcommands=commands)]


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command: the console script."""
    import argparse

    parser = argparse.ArgumentParser("airflow-pipelines", description=_ABOUT)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, about, arguments in COMMANDS:
        command = subparsers.add_parser(name, help=about, description=about)
        for flags, kw in arguments:
            command.add_argument(*flags, **kw)
        command.set_defaults(func=_handing_over(name))
    args = parser.parse_args(argv)
    args.func(args)


def _handing_over(name: str) -> Callable[[Any], None]:
    def command(args: Any) -> None:
        import sys

        from airflow_provider_pipelines.commands.main import run

        sys.exit(run(name, args))

    command.__name__ = command.__qualname__ = name
    return command
