"""What earlier versions have stored of windows, as people see it on the command line and bring it back by hand."""

import json

import pytest

from tests.support.airflow import whole_module_since

whole_module_since("3.3", "the records are written anew by tasks as they run since then")

from tests.stored import windows, write  # noqa: E402 -- an older Airflow lacks what it imports
from tests.stored.surroundings import Surroundings  # noqa: E402 -- an older Airflow lacks what it imports
from tests.support.names import connections  # noqa: E402 -- an older Airflow lacks what it imports
from tests.support.playing import MemoryStore  # noqa: E402 -- an older Airflow lacks what it imports

FILES = {f"{path.parts[-3]}/{path.stem}": json.loads(path.read_text()) for path in write.every("windows")}
#: those in which something is down that nobody brings back
DOWN = {
    name: stored
    for name, stored in FILES.items()
    if any(row["not_back"] for row in stored["commands"]["windows"]) and len(stored["commands"]["windows"]) == 1
}


def each(files):
    return pytest.mark.parametrize("stored", [pytest.param(stored, id=name) for name, stored in files.items()])


@pytest.fixture(scope="module")
def surroundings():
    with Surroundings() as found:
        yield found


@pytest.fixture
def stored_desk(desk_process, database, surroundings):
    """Runs commands on the Variables of a stored window, whose world goes on."""

    def put(stored):
        surroundings.begin(stored["world"], stored["now"])
        store = MemoryStore()
        store.texts = dict(stored["variables"])
        desk_process.order("clear")
        desk_process.put(store)
        return desk_process

    desk_process.order("lead", port=surroundings.port)
    desk_process.env = {**connections(surroundings.emulator.env), "EMULATOR": surroundings.emulator.url}
    return put


def without_sentences(shown):
    """Give what ``show`` says, with what restore would do for each thing as a yes or no."""
    standing = [{**thing, "now": None, "restore": thing["restore"] != "nothing"} for thing in shown["standing"]]
    return {**shown, "standing": standing}


@each(FILES)
def test_the_commands_say_the_same_of_a_record(stored_desk, stored):
    told, known = write.told(stored_desk(stored)), stored["commands"]
    assert told["windows"] == known["windows"]
    assert told["show"].keys() == known["show"].keys()
    for run_id, shown in known["show"].items():
        assert without_sentences(told["show"][run_id]) == without_sentences(shown)


@each(DOWN)
def test_what_a_record_says_is_brought_back_by_hand(surroundings, stored_desk, stored):
    desk = stored_desk(stored)
    shown = desk("restore", windows.WINDOW, "--yes", "--json")
    assert (shown.code, shown.data["result"]) == (0, "restored"), shown.err
    assert windows.where_all_is(surroundings.emulator.state()) == stored["before"]
    assert desk("windows", "--json").data == []


@each({name: stored for name, stored in DOWN.items() if name.endswith("/quiet")})
@pytest.mark.parametrize("kind", ["log", "show"])
def test_what_a_file_says_is_brought_back_without_a_database(surroundings, stored_desk, stored, kind, tmp_path):
    desk = stored_desk(stored)
    desk.order("clear")
    file = tmp_path / "record"
    shown = json.dumps(stored["commands"]["show"][windows.RUN])
    file.write_text(shown if kind == "show" else "\n".join(f"[2025-06-15] INFO - {line}" for line in stored["log"]))
    shown = desk("restore", "--record", str(file), "--yes", "--json")
    assert (shown.code, shown.data["result"]) == (0, "restored"), shown.err
    assert windows.where_all_is(surroundings.emulator.state()) == stored["before"]
