"""Runs one command: gives it its streams, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from airflow_provider_pipelines.errors import ConnectionMissing, PipelinesError

#: exit codes
DONE, LEFT_UNDONE, WRONG_USAGE = 0, 1, 2


class UsageError(PipelinesError):
    """What was asked for cannot be: the command line, a window's name, a connection's id."""


class Undone(PipelinesError):
    """Something was not restored or not read, and all there is to say has been said."""


def run(name: str, args: Any) -> int:
    """
    Run a command.

    :param name: the command, which is the name of its module
    :param args: its arguments
    :returns: the exit code
    """
    # Airflow 3.2 and later look connections up in the metadata database in server processes only
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    from airflow_provider_pipelines.commands.screen import Screen

    screen = Screen()
    try:
        # only what the command itself writes is data
        with redirect_stdout(screen.err):
            _quiet(screen)
            return _run(name, args, screen)
    except BrokenPipeError:
        # whoever read our output has gone; nothing may be flushed into it at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return LEFT_UNDONE


def _run(name: str, args: Any, screen: Any) -> int:
    try:
        command = import_module(f"airflow_provider_pipelines.commands.{name}").command
        command(args, screen)
    except KeyboardInterrupt:
        screen.tell(
            "\nInterrupted. What was asked for is in the record; 'airflow-pipelines restore' goes on from there."
            if name == "restore"
            else "\nInterrupted."
        )
        return LEFT_UNDONE
    except Undone as error:
        if error.message:
            screen.tell(error.message)
        return LEFT_UNDONE
    except (UsageError, ConnectionMissing) as error:
        screen.tell(str(error))
        return WRONG_USAGE
    except PipelinesError as error:
        screen.tell(str(error))
        return LEFT_UNDONE
    return DONE


def _quiet(screen: Any) -> None:
    """Keep the logs and warnings of Airflow and its libraries out of the way of data."""
    warnings.simplefilter("ignore")
    try:
        import airflow  # noqa: F401 -- sets up configuration, logging and the models
    except Exception as error:  # noqa: BLE001 -- a broken configuration fails here, with an error of any class
        screen.tell(f"Airflow does not start ({type(error).__name__}): {error}")
        raise SystemExit(LEFT_UNDONE) from None
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.__stdout__, screen.out):
            handler.setStream(screen.err)
    logging.disable(logging.WARNING)
