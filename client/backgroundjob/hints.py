"""What the type hints of a job may say beyond Python's own: secrets, and further rules of JSON Schema.

Light, as all that modules of jobs import: they are loaded in the runner image too.
"""

from typing import Any, Final, Self

_NUMBER_RULES: Final = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_CORE_RULES: Final = {
    "str": {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"},
    "list": {"minItems": "min_length", "maxItems": "max_length"},
    "dict": {"minProperties": "min_length", "maxProperties": "max_length"},
    "int": _NUMBER_RULES,
    "float": _NUMBER_RULES,
}
"""Type in pydantic's core -> JSON Schema's keywords for it -> what the core calls the same rule."""


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

    Lengths, ranges, pattern and multipleOf are checked when a job is submitted from Python, each for the
    types that it is about, in unions too; every rule is checked by the operator.
    """

    __slots__ = ("keywords",)

    keywords: dict[str, Any]

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}={value!r}' for name, value in self.keywords.items())})"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Pydantic's hook: the rules that it knows too."""
        return self._narrowed(handler(source))

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """Pydantic's hook: every rule, as it was written."""
        return {**handler(core_schema), **self.keywords}

    def _narrowed(self, core: Any) -> Any:
        if core["type"] == "union":
            return {**core, "choices": [self._narrowed(one) for one in core["choices"]]}
        if core["type"] == "nullable":
            return {**core, "schema": self._narrowed(core["schema"])}
        rules = _CORE_RULES.get(core["type"], {})
        return {**core, **{rules[name]: value for name, value in self.keywords.items() if name in rules}}
