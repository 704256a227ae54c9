"""
The errors of this package.

.. code-block:: text

    PipelinesError
    ├── ConfigurationError      the connection or an argument has to be changed
    │   ├── ArgumentError       an argument of an operator, a sensor or a hook method
    │   └── ConnectionMissing   Airflow does not find the connection (or could not be asked)
    ├── ApiError                the service answered, and refused or failed
    │   ├── AuthenticationError
    │   ├── PermissionDenied
    │   ├── NotFound            the service says so of this very thing
    │   ├── PlaceNotFound       a 404 that says nothing about the thing
    │   ├── InvalidRequest
    │   ├── Conflict            the thing is in a state that forbids the action
    │   ├── QuotaExceeded
    │   ├── Throttled
    │   ├── NotSupported
    │   ├── ServerError
    │   ├── MalformedReply
    │   └── ListChanged         a list that could not be read whole
    ├── RecordUnreadable        the record of a maintenance window cannot be read or written
    ├── TransportError          no answer: the request did not arrive
    │   └── OutcomeUnknown      no clear answer to a write that may have been carried out
    ├── WatchFailed             the thing went where its goal cannot be reached any more
    │   └── SavepointMissing    stopped, without the savepoint that was asked for
    └── WatchTimeout            the deadline came first

None derives from ``AirflowException``. What a retry of the task can mend is told by :func:`mendable`.
"""

from __future__ import annotations

from typing import Any, ClassVar

_NOT_TOLD = frozenset({"message", "unsent"})


class PipelinesError(Exception):
    """
    The root of everything that this package raises on purpose.

    :param message: what failed and what to do about it
    """

    #: whether the same call may succeed later without anybody changing anything
    retryable: ClassVar[bool] = False

    #: whether it happened before the request itself went out, for instance while a token was fetched
    unsent: bool = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def facts(self) -> dict[str, Any]:
        """Give the attributes that :func:`error_from_event` needs, as JSON values."""
        return {"message": self.message}


def _attributes(error: PipelinesError) -> dict[str, Any]:
    """Give the attributes as JSON values."""
    return {name: value for name, value in vars(error).items() if name not in _NOT_TOLD}


class ConfigurationError(PipelinesError):
    """A connection field or an argument is missing, unknown or impossible."""


class ArgumentError(ConfigurationError, ValueError):
    """
    An argument has a value that is never sent to the service.

    :param argument: the name of the argument
    :param problem: what is wrong with the value, and which values are right
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}")
        self.argument = argument
        self.problem = problem

    facts = _attributes


class ConnectionMissing(ConfigurationError):
    """
    Airflow does not find the connection.

    In Airflow 3 an API server that cannot be reached looks just the same, so a retry may mend it.
    """


class ApiError(PipelinesError):
    """
    The service answered, and the answer is no success.

    :param problem: what the service said, in its own words
    :param service: the vendor's service, for instance ``EnOS``
    :param operation: the hook method that made the call
    :param method: the HTTP method
    :param path: the path of the request, without host and query
    :param status: the HTTP status; 0 where the edition is known not to have the operation, and nothing was sent
    :param code: the vendor's own error code as text, or None
    :param request_id: the vendor's id of the request, or None
    :param hint: what to do about it, where that is known
    :param retry_after: seconds that the service asks to wait, or None
    :param renewable: whether a new token may help, once; a refused signature is never repeated
    """

    #: whether a write that was answered like this may nevertheless have been carried out
    unclear: ClassVar[bool] = False

    def __init__(
        self,
        problem: str,
        *,
        service: str,
        operation: str,
        method: str,
        path: str,
        status: int,
        code: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
        renewable: bool = False,
    ) -> None:
        shown = ", ".join(
            part
            for part in (
                f"{method} {path}".strip(),
                f"HTTP {status}" if status else "nothing was sent",
                f"code {code}" if code else "",
                f"request id {request_id}" if request_id else "",
            )
            if part
        )
        text = f"{service} {operation} failed ({shown}): {problem.strip() or 'no message'}"
        super().__init__(f"{text}{'' if text.endswith('.') else '.'} {hint}" if hint else text)
        self.problem = problem
        self.service = service
        self.operation = operation
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.request_id = request_id
        self.hint = hint
        self.retry_after = retry_after
        self.renewable = renewable

    facts = _attributes


class AuthenticationError(ApiError):
    """
    The service does not accept the credentials.

    :param locked: whether the service has locked the access key for some minutes, so that a later retry may do
    :param until: Unix time before which no call of this identity is made, or None
    """

    def __init__(self, problem: str, *, locked: bool = False, until: float | None = None, **about: Any) -> None:
        super().__init__(problem, **about)
        self.locked = locked
        self.until = until


class PermissionDenied(ApiError):
    """The credentials are right and do not allow this."""


class NotFound(ApiError):
    """
    There is no such thing, or these credentials cannot see it.

    The service itself says so of this thing, with a code that is known, or a list that was read whole lacks it.
    """


class PlaceNotFound(ApiError):
    """
    Whoever answered does not know the place: the address, the API, the project, or the caller as its member.

    It may be a gateway or a proxy, and says nothing about the thing that was asked for. In a wait it only costs time.
    """

    retryable = True


class InvalidRequest(ApiError):
    """The service does not accept what was sent."""


class Conflict(ApiError):
    """
    The thing is in a state that forbids the action.

    :param state: the state as the service named it, or None
    """

    retryable = True

    def __init__(self, problem: str, *, state: str | None = None, **about: Any) -> None:
        super().__init__(problem, **about)
        self.state = state


class QuotaExceeded(ApiError):
    """There are not enough resources at the moment."""

    retryable = True


class Throttled(ApiError):
    """The service asks for fewer calls; the request was not carried out."""

    retryable = True


class NotSupported(ApiError):
    """This edition of the service does not offer the operation."""


class ServerError(ApiError):
    """The service failed. A write may have been carried out or not."""

    retryable = True
    unclear = True


class MalformedReply(ApiError):
    """The answer is not what the service documents. A write may have been carried out or not."""

    retryable = True
    unclear = True


class ListChanged(ApiError):
    """A list was changed each time that its pages were read, so that there never was a whole one."""

    retryable = True


class TransportError(PipelinesError):
    """
    No answer came.

    :param problem: what happened on the way
    :param service: the vendor's service
    :param operation: the hook method that made the call
    :param method: the HTTP method
    :param path: the path of the request
    :param hint: which connection field to look at, where that is known
    """

    retryable = True

    def __init__(
        self, problem: str, *, service: str, operation: str, method: str, path: str, hint: str | None = None
    ) -> None:
        text = f"{service} {operation}: {method} {path} got no answer: {problem}"
        super().__init__(f"{text}. {hint}" if hint else text)
        self.problem = problem
        self.service = service
        self.operation = operation
        self.method = method
        self.path = path
        self.hint = hint

    facts = _attributes


class OutcomeUnknown(TransportError):
    """A write got no clear answer. It may have been carried out: look before anything else."""


class WatchFailed(PipelinesError):
    """A thing is in a state from which its goal is not reached, or a batch has such things."""

    retryable = True


class SavepointMissing(WatchFailed):
    """A job has stopped, and the savepoint that was asked for was not seen. No retry can make it any more."""

    retryable = False


class RecordUnreadable(PipelinesError):
    """The record of a maintenance window cannot be read or written; nothing is concluded from that."""

    retryable = True


class WatchTimeout(PipelinesError):
    """The deadline came before the goal."""

    retryable = True


def mendable(error: BaseException) -> bool:
    """
    Tell whether a retry of the task can mend this error.

    The operators' edge and :class:`~airflow_provider_pipelines.retry.PipelinesRetryPolicy` both ask here. A missing
    connection counts, since an outage of Airflow looks the same; an access key that is locked for some
    minutes counts too. What is no error of this package is not ours to judge and counts as mendable.
    """
    match error:
        case AuthenticationError():
            return error.locked
        case ConnectionMissing():
            return True
        case PipelinesError():
            return error.retryable
        case _:
            return True


_BY_NAME: dict[str, type[PipelinesError]] = {
    kind.__name__: kind
    for kind in (
        ConfigurationError, ArgumentError, ConnectionMissing, AuthenticationError, PermissionDenied, NotFound,
        PlaceNotFound, InvalidRequest, Conflict, QuotaExceeded, Throttled, NotSupported, ServerError, MalformedReply,
        ListChanged, TransportError, OutcomeUnknown, WatchFailed, SavepointMissing, WatchTimeout, RecordUnreadable,
    )
}  # fmt: skip


def error_to_event(error: PipelinesError) -> dict[str, Any]:
    """Write an error as JSON, for the way from the triggerer to the worker."""
    return {"error": type(error).__name__, **error.facts()}


def error_from_event(event: Any) -> PipelinesError:
    """Read what :func:`error_to_event` wrote. What cannot be read is a failure too, never a success."""
    if isinstance(event, dict) and (kind := _BY_NAME.get(str(event.get("error")))):
        try:
            return kind(**{name: value for name, value in event.items() if name != "error"})
        except TypeError:
            pass
    return WatchFailed(f"the trigger reported an error that this version does not know: {str(event)[:500]}")
