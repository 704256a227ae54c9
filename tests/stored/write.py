"""
Writes what the code stores today, as files that later versions have to read.

``python -m tests.stored.write FOLDER`` writes all of it below ``tests/stored/FOLDER``, ``--changed`` only what is not
alike to what is stored already. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent


def stored(kind):
    """Give all stored files of a kind by name, of each the newest: the folders are numbered."""
    return {path.stem: json.loads(path.read_text()) for path in every(kind)}


def every(kind):
    """Give the paths of all stored files of a kind, whichever version wrote them."""
    return sorted(HERE.glob(f"[0-9]*/{kind}/*.json"), key=lambda path: (int(path.parts[-3]), path.name))


def kinds():
    """Give what there is to be stored, each kind with its module."""
    from tests.stored import attempts, deferrals, windows

    return {"deferrals": deferrals, "attempts": attempts, "windows": windows}


@contextmanager
def command_line(home):
    """Run commands on a metadata database of their own."""
    from tests.commands.conftest import Database, Desk

    database = Database(home)
    database.migrate()
    desk = Desk(database)
    try:
        yield desk
    finally:
        desk.stop()


def told(desk):
    """Give what the commands say of all records in their database, but for ages and sentences."""
    from tests.stored.windows import WINDOW

    rows = desk("windows", "--all", "--json").data
    for row in rows:
        del row["age_seconds"], row["note"]
    shown = {row["run_id"]: desk("show", f"{WINDOW}/{row['run_id']}", "--json").data for row in rows}
    return {"windows": rows, "show": shown}


def write(folder, root, *, changed):
    """Write all files, or those that are not alike to the newest that is stored."""
    from tests.stored import names
    from tests.stored.alike import shape
    from tests.stored.surroundings import Surroundings

    known = {(kind, name): data for kind in (*kinds(), "names") for name, data in stored(kind).items()}
    with Surroundings() as surroundings, tempfile.TemporaryDirectory() as home, command_line(Path(home)) as desk:
        for kind, module in kinds().items():
            for name, case in module.CASES.items():
                data = module.write(surroundings, case)
                if not changed or alike_part(kind, known.get((kind, name))) != shape(data):
                    data |= module.play(surroundings, data)
                    if kind == "windows":
                        desk.order("clear")
                        desk.order("put", texts=data["variables"])
                        data["commands"] = told(desk)
                    keep(folder / kind / f"{name}.json", data)
    data = names.write(root)
    if not changed or known.get(("names", "names")) != data:
        keep(folder / "names" / "names.json", data)


def alike_part(kind, data):
    """Give the shape of what was stored, without what was made of it then."""
    from tests.stored.alike import shape

    made = {"event", "event_at", "ends", "writes", "after", "keys", "commands"}
    return None if data is None else shape({name: value for name, value in data.items() if name not in made})


def keep(path, data):
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the number of a new folder")
    parser.add_argument("--changed", action="store_true", help="only what is not alike to what is stored")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as airflow_home:
        os.environ.update(
            AIRFLOW_HOME=airflow_home, AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__CORE__UNIT_TEST_MODE="True"
        )
        write(HERE / args.folder, HERE.parents[1], changed=args.changed)
