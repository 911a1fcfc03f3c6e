"""Which of the recorded jobs a test means, and the sentence when there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

from backgroundjob.backends import Document
from backgroundjob.job_options import options_of
from backgroundjob.jobs import JobMethod
from backgroundjob.manifest import backgroundjob_manifest

Expected = JobMethod[..., Any] | str
"""A typed method, with what `using` says of it, or `Class.method`."""


def matching(documents: Sequence[Document], expected: Expected, params: Mapping[str, Any]) -> list[Document]:
    """The objects that run it with these parameters among theirs, and with the options of `using`."""
    return [
        document
        for document in documents
        if key_of(document) == _key(expected)
        and _contains(_params(document), params)
        and _contains(_fields(document), _fields(_asked_for(expected, document)))
    ]


def failure(documents: Sequence[Document], expected: Expected, params: Mapping[str, Any], found: str) -> str:
    """What was expected, what was found, and everything that was submitted."""
    listed = "".join(f"\n  {_line(document)}" for document in documents) or " nothing"
    options = "" if isinstance(expected, str) or not expected.options else f" and {dict(expected.options)}"
    return f"{_key(expected)} with {dict(params)}{options} was {found}; enqueued were:{listed}"


def key_of(document: Document) -> str:
    """`Class.method`."""
    return f"{document['spec']['class']}.{document['spec']['method']}"


def _key(expected: Expected) -> str:
    return expected if isinstance(expected, str) else expected.key


def _asked_for(expected: Expected, document: Document) -> Document:
    """An object with what `using` asks for; its templates are filled in as in this one."""
    if isinstance(expected, str) or not expected.options:
        return {"metadata": {}, "spec": {}}
    from backgroundjob.schema import compiled  # noqa: PLC0415  needs pydantic, as who submits typed jobs has
    from backgroundjob.typed_calls import completed  # noqa: PLC0415  as above

    options, _ = options_of(expected.options)
    given = {**compiled(expected).parameters.defaults, **_params(document)}
    asked = completed(options, given, {})
    return backgroundjob_manifest(expected.owner.job_class, expected.name, None, asked)


def _fields(document: Document) -> dict[str, Any]:
    """What options decide, each for itself: several of them are fields of `retry`."""
    metadata, spec = document["metadata"], document["spec"]
    named = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    retry = {f"retry.{name}": value for name, value in spec.get("retry", {}).items()}
    return {**named, **{name: value for name, value in spec.items() if name != "retry"}, **retry}


def _params(document: Document) -> Mapping[str, Any]:
    spec = document["spec"]
    return {
        **spec.get("params", {}),
        **{str(index): value for index, value in enumerate(spec.get("args", ()))},
    }


def _contains(whole: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    # Equality asked of the expectation: mock.ANY and the like decide for themselves.
    return all(name in whole and value == whole[name] for name, value in part.items())


def _line(document: Document) -> str:
    spec = {
        name: value for name, value in document["spec"].items() if name not in ("class", "method", "params")
    }
    return f"{key_of(document)} {_params(document)} {spec or ''}".rstrip()
