"""What wheel and sdist have to hold, and what of it they do not."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from packaging.metadata import Metadata
from readme_renderer import markdown

PACKAGE = "airflow_provider_pipelines"
#: what is of use only in a checkout
LEFT_OUT = (".ci/", ".git-blame-ignore-revs")
#: what the wheel has of its own, under the folder of its metadata
ABOUT = frozenset({"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"})
#: what the sdist has of its own
SOURCE_ABOUT = frozenset({"PKG-INFO"})
#: what somebody would miss at once; in the wheel, whatever git says
NEEDED = frozenset({f"{PACKAGE}/py.typed", f"{PACKAGE}/provider.py", f"{PACKAGE}/emulator/__main__.py"})


@dataclass(frozen=True)
class Archive:
    """
    A wheel or an sdist.

    :param files: its files by name; those of an sdist without the folder that all of them are in
    """

    name: str
    files: Mapping[str, bytes]


def read(path: Path) -> Archive:
    """Read a wheel or an sdist."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return Archive(path.name, {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")})
    files: dict[str, bytes] = {}
    with tarfile.open(path) as sdist:
        for member in sdist.getmembers():
            if (content := sdist.extractfile(member)) is not None:
                files[member.name.partition("/")[2]] = content.read()
    return Archive(path.name, files)


def tracked(root: Path) -> set[str]:
    """Return the files of a checkout, those included that are new and not ignored."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (root / name).is_file()}


def wheel_problems(wheel: Archive, checkout: Iterable[str]) -> list[str]:
    """Tell what is wrong with a wheel: it holds the package and what is said about it, and nothing else."""
    about, _, _ = wheel.name.partition("-py3")
    about = f"{about}.dist-info"
    wanted = {name for name in checkout if name.startswith(f"{PACKAGE}/")} | NEEDED | {f"{about}/{x}" for x in ABOUT}
    problems = _differences(wheel, wanted)
    if not problems:
        problems += _about(wheel.files[f"{about}/METADATA"])
        commands = wheel.files[f"{about}/entry_points.txt"].decode()
        for name in ("airflow-pipelines = ", "pipelines-emulator = ", "[apache_airflow_provider]"):
            if name not in commands:
                problems.append(f"the entry points lack '{name.strip(' =')}'")
    return problems


def sdist_problems(sdist: Archive, checkout: Iterable[str]) -> list[str]:
    """Tell what is wrong with an sdist: it holds what the checkout does, tests and example DAGs included."""
    wanted = {name for name in checkout if not name.startswith(LEFT_OUT)} | SOURCE_ABOUT
    problems = _differences(sdist, wanted)
    return problems or _about(sdist.files["PKG-INFO"])


def _differences(archive: Archive, wanted: set[str]) -> list[str]:
    found = set(archive.files)
    return [f"{name} does not belong there" for name in sorted(found - wanted)] + [
        f"{name} is missing" for name in sorted(wanted - found)
    ]


def _about(metadata: bytes) -> list[str]:
    """Tell what is wrong with the metadata, read as an index, Airflow and pip read it."""
    try:
        Metadata.from_email(metadata)
    except Exception as error:  # noqa: BLE001 -- a group of all that it finds
        return [f"the metadata is refused: {one}" for one in getattr(error, "exceptions", [error])]
    message = message_from_bytes(metadata)
    problems = []
    labels = {entry.partition(",")[0].strip().lower() for entry in message.get_all("Project-URL", [])}
    if "documentation" not in labels:
        problems.append("there is no Project-URL 'Documentation', which Airflow shows in Admin > Providers")
    for header in ("Summary", "License-Expression", "License-File", "Requires-Python"):
        if not message.get(header):
            problems.append(f"the metadata has no {header}")
    if message.get("Description-Content-Type") != "text/markdown":
        problems.append("the description is not Markdown")
    text = message.get_payload(decode=True)
    shown = markdown.render(text.decode()) if isinstance(text, bytes) else None
    if not shown or "<h1" not in shown or "<table" not in shown:
        problems.append("the README does not render")
    return problems
