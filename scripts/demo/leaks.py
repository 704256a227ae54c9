"""Looks for secrets where none may be: the metadata database, log files, output, the emulator's journal."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken

#: fields of a connection, and of its extra, that are secret
SECRET_FIELDS = ("password", "security_token")
#: what no connection holds and nobody should be able to read either, by its look
SIGNATURES = {
    "a Huawei Cloud signature": re.compile(rb"SDK-HMAC-SHA256[^\n]{1,300}?Signature=\w{64}"),
    "an EnOS signature": re.compile(rb"apim-signature\W{1,9}\w{64}"),
}
_SIGNED = {
    "a Huawei Cloud signature": f"SDK-HMAC-SHA256 Access=KEY, SignedHeaders=host;x-sdk-date, Signature={'0a' * 32}",
    "an EnOS signature": f"{{'apim-signature': '{'0a' * 32}'}}",
}


def secrets_of(connections: Mapping[str, str]) -> dict[str, str]:
    """
    Return the secrets of connections, each under a name that may be shown.

    :param connections: environment variables with connections as JSON
    """
    found = {}
    for variable, text in connections.items():
        connection = json.loads(text)
        extra = connection.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        for field in SECRET_FIELDS:
            for holder in (connection, extra):
                if holder.get(field):
                    found[f"{field} of {variable}"] = str(holder[field])
    return found


class Scan:
    """
    Searches for secrets, in plain form and in the forms that programs give to text.

    :param secrets: name to secret
    :param fernet_key: Airflow's key, to look into what it has encrypted
    """

    def __init__(self, secrets: Mapping[str, str], fernet_key: str) -> None:
        self._fernet = Fernet(fernet_key)
        self._secrets = dict(secrets)
        self._forms = {name: _forms(secret) for name, secret in secrets.items()}

    def text(self, content: bytes) -> set[str]:
        """Return the names of the secrets that some bytes hold, packed or not."""
        views = list(self._views(content))
        held = {name for name, forms in self._forms.items() if any(form in view for form in forms for view in views)}
        return held | {name for name, look in SIGNATURES.items() if any(look.search(view) for view in views)}

    def database(self, file: Path) -> dict[str, set[str]]:
        """Search every column of every table; return table and column to the names of secrets."""
        found: dict[str, set[str]] = {}
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
            connection.text_factory = bytes
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (raw,) in tables:
                table = raw.decode()
                rows = connection.execute('SELECT * FROM "{}"'.format(table.replace('"', '""')))  # noqa: S608 -- the name is the database's own
                columns = [column[0] for column in rows.description]
                for row in rows:
                    for column, value in zip(columns, row, strict=True):
                        if isinstance(value, bytes) and (names := self.text(value)):
                            found.setdefault(f"{table}.{column}", set()).update(names)
        return found

    def files(self, paths: Iterable[Path]) -> dict[str, set[str]]:
        """Search files; return path to the names of secrets."""
        return {str(path): names for path in paths if (names := self.text(path.read_bytes()))}

    def prove(self, database: Path, folder: Path) -> list[str]:
        """
        Plant every secret in every form in a copy of the database and in a file, and look for them.

        :param folder: an empty folder for the copies, which are removed again
        :returns: what was planted and not found; anything here means that the scan cannot be trusted
        """
        folder.mkdir()
        try:
            return [
                *self._missed_in_database(database, folder / "copy.db"),
                *self._missed_in_file(folder / "planted.log"),
            ]
        finally:
            shutil.rmtree(folder)

    def _missed_in_database(self, database: Path, copy: Path) -> Iterator[str]:
        with (
            contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            for number, (_, planted) in enumerate(self._plants()):
                target.execute(f"CREATE TABLE planted_{number} (id INTEGER, value TEXT)")
                target.execute(f"INSERT INTO planted_{number} VALUES (1, ?)", (planted,))  # noqa: S608 -- a number
            target.commit()
        found = self.database(copy)
        for number, (name, _) in enumerate(self._plants()):
            if name not in found.get(f"planted_{number}.value", set()):
                yield f"{name}, form {number}, in the database"

    def _missed_in_file(self, file: Path) -> Iterator[str]:
        for number, (name, planted) in enumerate(self._plants()):
            file.write_bytes(planted)
            if name not in self.files([file]).get(str(file), set()):
                yield f"{name}, form {number}, in a file"

    def _plants(self) -> Iterator[tuple[str, bytes]]:
        for name, text in _SIGNED.items():
            yield name, text.encode()
            yield name, zlib.compress(text.encode())
        for name, secret in self._secrets.items():
            plain = f'{{"event": "before {secret} after"}}'.encode()
            yield name, plain
            yield name, json.dumps({"event": secret}).encode()
            yield name, f"https://somewhere/?key={quote(secret, safe='')}&more".encode()
            yield name, plain.hex().encode()
            yield name, zlib.compress(plain)
            yield name, gzip.compress(plain)
            yield name, self._fernet.encrypt(plain)
            for user in ("u", "us", "use"):
                yield name, b"Basic " + base64.b64encode(f"{user}:{secret}:more".encode())

    def _views(self, content: bytes) -> Iterator[bytes]:
        yield content
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(content)
        with contextlib.suppress(OSError, EOFError, zlib.error):
            yield gzip.decompress(content)
        with contextlib.suppress(InvalidToken):
            yield self._fernet.decrypt(content)


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], raw.hex()}
    # Inside a longer base64 text it looks different at each of three offsets; its ends depend on the neighbours.
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw).decode()[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
        forms |= {coded, coded.replace("+", "-").replace("/", "_")}
    return {form.encode() for form in forms}
