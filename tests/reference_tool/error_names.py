"""The section about errors: fields, and what each says."""

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any, Final

from backgroundjob import errors
from backgroundjob.cli.exit_codes import of_error, of_state
from tests.reference_tool.markdown import one_line, summary
from tests.reference_tool.source import members, tree_of

_SAMPLES: Final[dict[str, Any]] = {
    "namespace": "shop",
    "name": "invoice-42",
    "kind": "BackgroundJob",
    "state": "Running",
    "param": "params.number",
    "field": "priority",
    "target": "InvoiceJob.create",
    "key": "InvoiceJob.create",
    "job": "invoices:InvoiceJob.create",
    "verb": "retry",
    "backend": "cluster",
    "what": "local mode",
    "differences": [errors.Difference("priority", "high", "low")],
    "handles": [None, None],
    "total": 5,
    "problem": "…",
}
"""What an example of an error holds; other fields keep their defaults."""


def render_errors() -> str:
    """One section for each error, in the order of the module."""
    found = [
        node
        for node in tree_of("backgroundjob.errors").body
        if isinstance(node, ast.ClassDef) and issubclass(_class(node), Exception)
    ]
    return "\n\n".join("\n\n".join(_error(node)) for node in found)


def _class(node: ast.ClassDef) -> type[Any]:
    return getattr(errors, node.name)  # type: ignore[no-any-return]


def _error(node: ast.ClassDef) -> Iterator[str]:
    kind = _class(node)
    bases = ", ".join(base.__name__ for base in kind.__bases__)
    yield f"### {node.name}"
    yield f"{summary(inspect.cleandoc(kind.__doc__ or ''))} Base: {bases}."
    own = {one.name: one.text for one in members(node)}
    names = [one.name for one in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    if names:
        yield "Fields: " + ", ".join(_field(name, own.get(name, "")) for name in names) + "."
    if kind not in (errors.BackgroundJobError, errors.SubmitError):
        yield "\n".join(_example(kind))


def _field(name: str, text: str) -> str:
    return f"`{name}`" + (f" ({one_line(text).rstrip('.')})" if text else "")


def _example(kind: type[Any]) -> Iterator[str]:
    needed = [one.name for one in dataclasses.fields(kind) if one.default is dataclasses.MISSING and one.init]
    is_end = issubclass(kind, errors.JobFailed)
    samples = _SAMPLES | ({"state": kind.__name__.removeprefix("Job")} if is_end else {})
    example = kind(**{name: samples[name] for name in needed})
    yield f"- says: {one_line(example.message)}"
    if example.next_step:
        yield f"- next step: {one_line(example.next_step)}"
    elif "advice" in {one.name for one in dataclasses.fields(kind)}:
        yield "- next step: `advice`, where there is one"
    code = of_state(example.state) if is_end else of_error(example)
    yield f"- exit code of `bgjob`: {code.value}"
