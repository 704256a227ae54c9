"""How DLI writes numbers, times, truth and words: the types of the fields of its answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_provider_pipelines.core.checks import LARGEST_LONG
from airflow_provider_pipelines.core.http.reading import truth


def _whole(value: Any) -> Any:
    """Take digits as text for the number that they are; a float or a boolean is no 64-bit integer."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None if isinstance(value, bool | float) else value


def _moment(value: Any) -> Any:
    """Read epoch milliseconds; 0 says the same as null."""
    return _whole(value) or None


def _any_whole(value: Any) -> Any:
    """Take digits as text, a minus before them included."""
    if isinstance(value, str) and value.startswith("-"):
        whole = _whole(value[1:])
        return -whole if isinstance(whole, int) else None
    return _whole(value)


def _listed(value: Any) -> Any:
    return [] if value is None else value


Id = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=LARGEST_LONG)]
#: a UUID; checked, since it becomes part of a path
TextId = Annotated[str, Field(strict=True, pattern=r"^[0-9A-Za-z_-]{1,64}$")]
#: an id, or -1 for none
AnyId = Annotated[int, BeforeValidator(_any_whole)]
Moment = Annotated[int | None, BeforeValidator(_moment)]
#: documented as Boolean or as String, by page and edition; mostly text on the wire
Truth = Annotated[bool, BeforeValidator(truth)]
MaybeTruth = Annotated[bool | None, BeforeValidator(truth)]
Word = Annotated[str, Field(strict=True, min_length=1)]
#: of a list that may be null
Listed = BeforeValidator(_listed)
