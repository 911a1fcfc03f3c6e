"""What the type hints of a job may say beyond Python's own: secrets, and further rules of JSON Schema.

Light, as all that modules of jobs import: they are loaded in the runner image too.
"""

from typing import Any, Final, Self

_CORE_NAMES: Final = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minProperties": "min_length",
    "maxProperties": "max_length",
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
"""JSON Schema's keyword -> what pydantic's core calls the same rule."""


class Secret(str):
    """A parameter whose value comes from a Kubernetes Secret, and never from the caller.

        def send(self, to: str, token: Secret = Secret.ref("mail/api-token")) -> None: ...

    In the running job it is a plain `str`. Who submits may name another Secret,
    `token=Secret.ref("mail/new")`, and cannot pass a value. A test of the method itself passes
    `Secret("anything")`.
    """

    __slots__ = ("reference",)

    reference: str
    """`secret-name/key` in the namespace of the job; empty for a value."""

    def __new__(cls, value: str = "") -> Self:
        """A value, for calling the method itself."""
        made = super().__new__(cls, value)
        made.reference = ""
        return made

    @classmethod
    def ref(cls, source: str) -> Self:
        """Where the value comes from: `secret-name/key`."""
        made = cls()
        made.reference = source
        return made

    def __repr__(self) -> str:
        return f"Secret.ref({self.reference!r})" if self.reference else "Secret('[redacted]')"


class Schema:
    """Further rules of JSON Schema for a parameter: `Annotated[str, Schema(format="email", maxLength=200)]`.

    Lengths, ranges, pattern and multipleOf are checked when a job is submitted from Python; every rule is
    checked by the operator.
    """

    __slots__ = ("keywords",)

    keywords: dict[str, Any]

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}={value!r}' for name, value in self.keywords.items())})"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Pydantic's hook: the rules that it knows too."""
        found = handler(source)
        return {**found, **{_CORE_NAMES[name]: v for name, v in self.keywords.items() if name in _CORE_NAMES}}

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """Pydantic's hook: every rule, as it was written."""
        return {**handler(core_schema), **self.keywords}
