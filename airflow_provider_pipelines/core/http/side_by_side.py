"""Several running calls on one thread: while one waits, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_pipelines.core.http.calls import Acquire, Call, Gate, Sleep
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.errors import PipelinesError


class Halt(Exception):
    """
    Everything has to stop at once, whatever each call would make of an error.

    :param reason: the error to raise where it was started
    """

    def __init__(self, reason: PipelinesError) -> None:
        super().__init__(str(reason))
        self.reason = reason


#: seconds between two looks whether a gate that another thread holds has opened
GATE_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Pause:
    """
    Nothing is left to do for now: what a call yields when it may be left, to be taken up again later.

    :param idle: whether it only waits; else it has work to do as soon as it may go on
    """

    idle: bool


@dataclass(slots=True)
class Ended:
    """
    How calls ended.

    :param results: what they gave, by name
    :param errors: what ended others, by name
    """

    results: dict[str, Any]
    errors: dict[str, PipelinesError]


class RunningCall:
    """
    A call under way, with what carries out its requests.

    :param call: the call
    :param perform: carries out an effect that is no wait; each call may have a transport of its own
    """

    def __init__(self, call: Call[Any], perform: Callable[[Any], Any]) -> None:
        self._call = call
        self._perform = perform
        self.due = 0.0
        self.paused: Pause | None = None
        self.ended = False
        self.value: Any = None
        self._gate: Gate | None = None
        self._let_in = False
        self._came: Any = None
        self._error: Exception | None = None

    def ready(self, now: float) -> bool:
        """Tell whether it may go on."""
        if self._gate is not None and not self._let_in:
            self._gate.recover()
        return self.paused is None and (self._let_in if self._gate is not None else self.due <= now)

    def wait(self, now: float) -> float:
        """Give the seconds until it may go on, as far as that can be told."""
        return GATE_PAUSE if self._gate is not None else max(0.0, self.due - now)

    def _wake(self) -> None:
        self._let_in = True

    def step(self, now: Callable[[], float]) -> None:
        """
        Carry out one effect.

        :raises PipelinesError: the call has ended with it
        """
        self._gate, self._let_in = None, False
        came, error, self._came, self._error = self._came, self._error, None, None
        try:
            effect = self._call.throw(error) if error is not None else self._call.send(came)
        except StopIteration as end:
            self.ended, self.value = True, end.value
            return
        match effect:
            case Sleep(seconds):
                self.due = now() + seconds
            case Pause():
                self.paused = effect
            case Acquire(gate):
                if not gate.enter(self._wake):
                    self._gate = gate
            case _:
                try:
                    self._came = self._perform(effect)
                except (Undelivered, PipelinesError) as lost:
                    self._error = lost

    def close(self) -> None:
        """Leave it, and every queue that it stands in."""
        if self._gate is not None:
            self._gate.withdraw(self._wake)
            self._gate = None
        self._call.close()


def side_by_side(
    running_calls: Mapping[str, RunningCall],
    now: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    again: Callable[[], None] = lambda: None,
) -> Ended | None:
    """
    Run calls side by side: requests are sent in turn, waits are waited by all together.

    An error ends the call that it comes from, and no other; one that is none of this package's is raised once all
    others have ended. A :class:`Halt` ends them all.

    :param again: is called when all calls have paused and one of them has work left, so that all go on
    :returns: how the calls ended; None where nothing but waiting is left, all calls closed
    """
    running = dict(running_calls)
    ended = Ended({}, {})
    bugs: list[Exception] = []
    try:
        while running:
            ready = [name for name, one in running.items() if one.ready(now())]
            for name in ready:
                one = running[name]
                try:
                    one.step(now)
                except PipelinesError as error:
                    ended.errors[name] = error
                    del running[name]
                except Halt:
                    raise
                except Exception as error:  # noqa: BLE001 -- is raised below, when it keeps no other call from its end
                    bugs.append(error)
                    running.pop(name).close()
                if one.ended:
                    ended.results[name] = one.value
                    del running[name]
            if ready or not running:
                continue
            if awake := [one for one in running.values() if one.paused is None]:
                sleep(min(one.wait(now()) for one in awake))
            elif all(one.paused is not None and one.paused.idle for one in running.values()):
                break
            else:
                again()
                for one in running.values():
                    one.paused = None
        if bugs:
            raise bugs[0]
        return None if running else ended
    finally:
        for one in running.values():
            one.close()
