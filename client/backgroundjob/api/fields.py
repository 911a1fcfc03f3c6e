"""What all models share: the base classes, the annotated types with their bounds, readable problems.

A bound is written once, on the type; pydantic enforces it here and the CRD carries it to the API server.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictInt,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from backgroundjob.api import limits

DNS_LABEL: Final = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
PUBLIC_IDENTIFIER: Final = "^[A-Za-z][A-Za-z0-9_]*$"
DOTTED_CLASS: Final = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$"
PARAMETER: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
EXCEPTION: Final = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"
WORD: Final = "^[A-Z][A-Za-z]*$"
PRIORITY_NAME: Final = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
RUN_AT: Final = (
    "^20[2-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-][01][0-9]:[0-5][0-9])$"
)
"""`format: date-time` alone lets the year 0000, +99:00 and lower-case t and z through."""

OVERRIDE: Final = "unless the allow-list entry or the configuration says otherwise"
"""Ends the sentence about an effective default."""
STORED_DEFAULT: Final[dict[str, Any]] = {"x-stored-default": True}
"""Marks a field whose default the API server stores."""
ATOMIC_LIST: Final[dict[str, Any]] = {"x-kubernetes-list-type": "atomic"}
SET: Final[dict[str, Any]] = {"x-kubernetes-list-type": "set"}
BY_NAME: Final[dict[str, Any]] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
BY_TYPE: Final[dict[str, Any]] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
ATOMIC_OBJECT: Final[dict[str, Any]] = {"x-kubernetes-map-type": "atomic"}


class ApiModel(BaseModel):
    """A part of the object. Unknown fields are left alone: they come from a newer version."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=to_camel,
        extra="ignore",
        # A refusal names the field, never the value: parameters may be private.
        hide_input_in_errors=True,
    )

    def to_document(self) -> dict[str, Any]:
        """The JSON-ready mapping under the API's names. What is None or empty is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class SettingsModel(ApiModel):
    """A part of what the administrator writes. Unknown keys are refused: a typo would do nothing."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        names = {field.alias or name: name for name, field in cls.model_fields.items()}
        unknown = [str(key) for key in value if key not in names and key not in names.values()]
        if unknown:
            raise ValueError("; ".join(f"unknown key {key}{nearest(key, names)}" for key in unknown))
        return value


def is_empty(value: object) -> bool:
    """Whether leaving the field out says the same."""
    return not value


def _integer(low: int, high: int) -> Any:
    return Field(ge=low, le=high)


def _utc_seconds(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(microsecond=0)


def rfc3339(value: datetime) -> str:
    """The instant as the API writes it, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text_or_time(value: object) -> object:
    # pydantic would also take a number for seconds since 1970.
    if isinstance(value, str | datetime):
        return value
    raise ValueError("must be a time in RFC 3339, such as 2030-01-31T08:00:00Z")


Time = Annotated[
    AwareDatetime,
    BeforeValidator(text_or_time),
    AfterValidator(_utc_seconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 64}),
]
"""An instant in UTC and whole seconds, as Kubernetes' own times; what is written reads back equal."""

ObjectName = Annotated[str, Field(min_length=1, max_length=limits.NAME_LIMIT, pattern=DNS_LABEL)]
SubdomainName = Annotated[str, Field(min_length=1, max_length=253, pattern=DNS_SUBDOMAIN)]
QueueName = ObjectName
ClassName = Annotated[str, Field(min_length=1, max_length=limits.CLASS_LIMIT, pattern=DOTTED_CLASS)]
MethodName = Annotated[str, Field(min_length=1, max_length=limits.METHOD_LIMIT, pattern=PUBLIC_IDENTIFIER)]
ParameterName = Annotated[str, Field(min_length=1, max_length=63, pattern=PARAMETER)]
ExceptionName = Annotated[str, Field(min_length=1, max_length=253, pattern=EXCEPTION)]
PriorityName = Annotated[str, Field(min_length=1, max_length=63, pattern=PRIORITY_NAME)]
PriorityNumber = Annotated[StrictInt, _integer(-limits.PRIORITY_LIMIT, limits.PRIORITY_LIMIT)]
Seconds = Annotated[StrictInt, _integer(0, limits.YEAR_SECONDS)]
PositiveSeconds = Annotated[StrictInt, _integer(1, limits.YEAR_SECONDS)]
RetryDelay = Annotated[StrictInt, _integer(0, limits.WEEK_SECONDS)]
AttemptSeconds = Annotated[StrictInt, _integer(1, limits.WEEK_SECONDS)]
Percent = Annotated[StrictInt, _integer(0, 100)]
AttemptLimit = Annotated[StrictInt, _integer(1, limits.MAX_ATTEMPTS_LIMIT)]
DisruptionLimit = Annotated[StrictInt, _integer(0, limits.MAX_DISRUPTIONS_LIMIT)]
Restarts = Annotated[StrictInt, _integer(0, limits.RESTARTS_LIMIT)]
Count = Annotated[StrictInt, _integer(0, limits.INT32_MAX)]
Generation = Annotated[StrictInt, _integer(0, limits.EXACT_INTEGER_MAX)]
AnyJson = Annotated[Any, WithJsonSchema({"nullable": True, "x-kubernetes-preserve-unknown-fields": True})]
"""Any JSON value, null included. Without `nullable`, one null makes every later update fail."""


def describe_problems(error: ValidationError, prefix: str = "") -> tuple[str, ...]:
    """One sentence per problem: the field's path under its API name, what is accepted. Never a value."""
    return tuple(
        _problem(dict(item), prefix) for item in error.errors(include_url=False, include_input=False)
    )


def _problem(item: Mapping[str, Any], prefix: str) -> str:
    path = prefix + _path(item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{path}: {message}" if path else message


def _path(parts: Iterable[int | str]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, or all of them."""
    matches = get_close_matches(word, known, n=1, cutoff=0.6)
    if matches:
        return f" (did you mean {matches[0]}?)"
    return f" (accepted: {', '.join(sorted(known))})" if known else ""


class DocumentError(ValueError):
    """A document that does not fit its model: what it is called, and every problem found."""

    def __init__(self, subject: str, found: tuple[str, ...]) -> None:
        super().__init__(f"{subject}: {'; '.join(found)}")
        self.subject = subject
        self.problems = found
