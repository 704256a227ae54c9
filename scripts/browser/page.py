"""Airflow's page of connections, used as a person uses it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Locator, Page, sync_playwright

from scripts.live.processes import Failure

#: nothing is asked for outside of this machine, and nothing is kept
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: milliseconds for each thing that a person would wait for
PATIENCE = 30_000


@dataclass(frozen=True)
class Tested:
    """
    What the Test button brought about.

    :param green: whether the page shows it as connected
    :param status: the HTTP status of Airflow's answer
    :param text: the sentence in it
    """

    green: bool
    status: int
    text: str


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Open a browser without a window; ``folder`` is for its profile."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise Failure("there is no Chromium on this machine. Debian, Ubuntu: apt install chromium.")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder), executable_path=program, headless=True, args=list(FLAGS),
            viewport={"width": 1100, "height": 1250}, color_scheme="light", locale="en-US",
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        try:
            yield context.pages[0]
        except Error as error:
            picture = folder.parent / "last-seen.png"
            context.pages[0].screenshot(path=picture)
            evidence = str(error).splitlines()
            raise Failure(f"the page is not as expected; it is pictured in {picture}.", evidence) from None
        finally:
            context.close()


class Connections:
    """
    The page *Admin > Connections*.

    :param url: Airflow's address
    """

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = f"{url}/connections"

    def begin(self, conn_id: str, typed: str) -> Form:
        """
        Begin a new connection.

        :param typed: what somebody types to find its type
        """
        self._page.goto(self._url)
        self._page.get_by_role("button", name="Add Connection").click()
        form = Form(self._page, self._page.get_by_role("dialog"))
        form.fill({"Connection ID": conn_id})
        form.choose("Connection Type", typed)
        return form

    def test(self, conn_id: str) -> Tested:
        """Press the Test button of a connection that is there."""
        self._page.goto(self._url)
        row = self._page.get_by_role("row").filter(has=self._page.get_by_text(conn_id, exact=True))
        button = row.get_by_role("button", name="Test Connection")
        with self._page.expect_response("**/connections/test") as answer:
            button.click()
        told: Mapping[str, Any] = answer.value.json()
        icon = row.locator("button svg[color=green], button svg[color=red]").first
        icon.wait_for()
        green = icon.get_attribute("color") == "green"
        return Tested(green, answer.value.status, str(told.get("message") or told.get("detail")))

    def picture(self, file: Path) -> None:
        """Keep what the page shows, with the sentence that comes up at its end."""
        self._page.locator("[data-scope=toast][data-part=root]").first.wait_for()
        self._page.screenshot(path=file, animations="disabled")


class Form:
    """The form of one connection, in its dialog."""

    def __init__(self, page: Page, dialog: Locator) -> None:
        self._page = page
        self._dialog = dialog

    def folds(self) -> list[str]:
        """Name the folds, from top to bottom."""
        return list(self._triggers.all_inner_texts())

    def open(self, fold: str) -> None:
        """Open a fold, which closes the one that was open."""
        trigger = self._triggers.filter(has_text=fold).first
        trigger.click()
        self._page.wait_for_function(
            "trigger => trigger.getAttribute('aria-expanded') === 'true'", arg=trigger.element_handle()
        )

    def labels(self) -> list[str]:
        """Give the labels of all fields in the fold that is open."""
        return [text.strip() for text in self._dialog.locator("label:visible").all_inner_texts()]

    def fill(self, values: Mapping[str, str]) -> None:
        """Fill in fields by their labels."""
        for label, value in values.items():
            self._field(label).locator("input, textarea").first.fill(value)

    def choose(self, label: str, typed: str) -> None:
        """Choose from a list by typing a part of what it shows; only one thing may fit."""
        box = self._field(label)
        inner = box.locator("input[role=combobox]")
        if inner.count():
            inner.fill(typed)
        else:
            box.get_by_role("combobox").click()
            self._page.get_by_placeholder("Search").last.fill(typed)
        options = self._page.get_by_role("option")
        options.first.wait_for()
        if options.count() != 1:
            raise Failure(f"{typed!r} finds more than one thing.", options.all_inner_texts())
        options.first.click()

    def picture(self, file: Path) -> None:
        """Keep what the dialog shows."""
        self._dialog.screenshot(path=file, animations="disabled")

    def save(self) -> None:
        """Press *Save* and wait until the dialog is gone."""
        self._dialog.get_by_role("button", name="Save").click()
        self._dialog.wait_for(state="hidden")

    @property
    def _triggers(self) -> Locator:
        return self._dialog.locator("[data-scope=accordion][data-part=item-trigger]")

    def _field(self, label: str) -> Locator:
        # a label may have an asterisk behind it
        named = self._page.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))
        return self._dialog.locator("[data-scope=field][data-part=root]:visible").filter(has=named).first
