"""A small fleet, and a clock that turns its world."""

from tests.window.conftest import fleet, fleet_server, turned  # noqa: F401 -- fixtures
