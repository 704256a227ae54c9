"""The command ``pipelines-emulator``: serves, runs a command beside a server, or gives a server's connections."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_pipelines.emulator.clock import Clock
from airflow_provider_pipelines.emulator.default_world import default_seed
from airflow_provider_pipelines.emulator.server.companion import CompanionError, default_ready_file, exports, run_beside
from airflow_provider_pipelines.emulator.server.process import Server, write_ready_file
from airflow_provider_pipelines.emulator.settings import SettingError, Settings, describe
from airflow_provider_pipelines.emulator.things import SeedError
from airflow_provider_pipelines.emulator.world import World


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


_RUN = "pipelines-emulator run [options] -- COMMAND [ARGUMENT ...]"
_DESCRIPTION = f"""
Plays EnOS, CodeArts Pipeline, DLI and IAM on one port of this machine until it is told to stop.

  {_RUN}
      does so for one command, with the connections set for it
  pipelines-emulator env [--ready-file FILE.json] [--wait SECONDS]
      prints the connections of a server that runs, for: eval "$(pipelines-emulator env)"
"""


def _parser(usage: str | None = None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipelines-emulator",
        usage=usage,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument("--seed", type=Path, metavar="FILE.json", help="what there is at the start")
    parser.add_argument("--clock", choices=("real", "manual"), default="real", help="whether time passes by itself")
    parser.add_argument(
        "--speed", type=_positive, default=10.0, help="seconds of the world in a real one (default: 10)"
    )
    parser.add_argument("--ready-file", type=Path, metavar="FILE.json", help="written when requests are taken")
    parser.add_argument("--profile", choices=("huaweicloud", "otc"), default="huaweicloud", help="whose cloud to play")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting (repeatable)"
    )
    parser.add_argument("--list-settings", action="store_true", help="print all settings and end")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the emulator until it is told to stop, or as long as a command beside it.

    :returns: 0 for an orderly end, 1 where no emulator is ready, 2 for wrong usage, 127 for a command that is not
        there; else the command's own exit code
    """
    given = list(sys.argv[1:] if argv is None else argv)
    match given[:1]:
        case ["run"]:
            return _run(given[1:])
        case ["env"]:
            return _env(given[1:])
    parser = _parser()
    options = parser.parse_args(given)
    if options.list_settings:
        print(describe())  # noqa: T201 -- what was asked for
        return 0
    server = _server(parser, options, partial(_announce, options.ready_file))
    # uvicorn raises the signal again after its own end: these take it, and the exit code is 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run()
    return 0


def _run(given: Sequence[str]) -> int:
    parser = _parser(_RUN)
    if "--" not in given:
        parser.parse_args(given)  # for --help
        parser.error("put -- before the command")
    at = list(given).index("--")
    options, command = parser.parse_args(given[:at]), given[at + 1 :]
    if not command:
        parser.error("there is no command after --")
    server = _server(parser, options, partial(_note, options.ready_file))
    try:
        return run_beside(server, command)
    except CompanionError as error:
        _say(str(error))
        return 127


def _env(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="pipelines-emulator env", description="Print the connections of a server that runs, as shell commands."
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE.json", help="that of the server; else the one started last is taken"
    )
    parser.add_argument("--wait", type=_positive, default=10.0, help="seconds that it may take until it is ready (10)")
    options = parser.parse_args(given)
    try:
        print(exports(options.ready_file or default_ready_file(), options.wait))  # noqa: T201 -- what was asked for
    except CompanionError as error:
        _say(str(error))
        return 1
    return 0


def _say(text: str) -> None:
    print(f"pipelines-emulator: {text}", file=sys.stderr, flush=True)  # noqa: T201 -- for the person who started it


def _server(parser: argparse.ArgumentParser, options: argparse.Namespace, announce: Any) -> Server:
    """Make the server that the options describe; ends the process with a sentence if that cannot be."""
    settings = Settings(profile=options.profile)
    try:
        for text in options.set:
            settings.read(text)
        seed = _read_seed(options.seed) if options.seed else default_seed()
        world = World(seed, Clock(options.clock, options.speed), settings)
        if not _loopback(options.host):
            _say(f"warning: {options.host} may be reached by others")
        return Server(world, seed, host=options.host, port=options.port, announce=announce)
    except (SettingError, SeedError) as error:
        parser.error(str(error))
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on {options.host}:{options.port}: {error}")


def _read_seed(path: Path) -> dict[str, Any]:
    try:
        seed = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SeedError(f"cannot read the seed {path}: {error}") from None
    if not isinstance(seed, dict):
        raise SeedError(f"the seed {path} is not a JSON object")
    return seed


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _note(path: Path | None, ready: dict[str, Any]) -> None:
    """Write the ready file: the one that was named, or the user's own, which ``env`` finds by itself."""
    # where nobody named a file, and there is none to write to, the first line has the connections
    with contextlib.suppress(CompanionError):
        write_ready_file(path or default_ready_file(), ready)


def _announce(path: Path | None, ready: dict[str, Any]) -> None:
    """Write the ready file, and the ready line."""
    _note(path, ready)
    print(json.dumps(ready), flush=True)  # noqa: T201 -- the first line is the ready line


if __name__ == "__main__":
    sys.exit(main())
