"""The command ``pipelines-emulator``."""

from __future__ import annotations

import argparse
import ipaddress
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow_provider_pipelines.emulator.clock import Clock
from airflow_provider_pipelines.emulator.default_world import default_seed
from airflow_provider_pipelines.emulator.server.process import Server, write_ready_file
from airflow_provider_pipelines.emulator.settings import SettingError, Settings, describe
from airflow_provider_pipelines.emulator.things import SeedError
from airflow_provider_pipelines.emulator.world import World


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines-emulator", description=f"{__doc__} See the README for its routes.")
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
    """Run the emulator until it is told to stop; 0 for an orderly end, 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.list_settings:
        print(describe())  # noqa: T201 -- what was asked for
        return 0
    settings = Settings(profile=options.profile)
    try:
        for text in options.set:
            settings.read(text)
        seed = _read_seed(options.seed) if options.seed else default_seed()
        world = World(seed, Clock(options.clock, options.speed), settings)
        if not _loopback(options.host):
            warning = f"pipelines-emulator: warning: {options.host} may be reached by others"
            print(warning, file=sys.stderr, flush=True)  # noqa: T201 -- for the person who started it
        server = Server(world, seed, host=options.host, port=options.port, announce=_announcer(options.ready_file))
    except (SettingError, SeedError) as error:
        parser.error(str(error))
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on {options.host}:{options.port}: {error}")
    # uvicorn raises the signal again after its own end: these take it, and the exit code is 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run()
    return 0


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


def _announcer(path: Path | None) -> Any:
    def announce(ready: dict[str, Any]) -> None:
        if path is not None:
            write_ready_file(path, ready)
        print(json.dumps(ready), flush=True)  # noqa: T201 -- the first line is the ready line

    return announce


if __name__ == "__main__":
    sys.exit(main())
