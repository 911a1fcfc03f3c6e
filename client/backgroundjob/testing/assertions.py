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
    wanted = _options_spec(expected)
    return [
        document
        for document in documents
        if key_of(document) == _key(expected)
        and _contains(_params(document), params)
        and _contains(document["spec"], wanted)
    ]


def failure(documents: Sequence[Document], expected: Expected, params: Mapping[str, Any], found: str) -> str:
    """What was expected, what was found, and everything that was submitted."""
    listed = "".join(f"\n  {_line(document)}" for document in documents) or " nothing"
    wanted = _options_spec(expected)
    options = f" and {wanted}" if wanted else ""
    return f"{_key(expected)} with {dict(params)}{options} was {found}; enqueued were:{listed}"


def key_of(document: Document) -> str:
    """`Class.method`."""
    return f"{document['spec']['class']}.{document['spec']['method']}"


def _key(expected: Expected) -> str:
    return expected if isinstance(expected, str) else expected.key


def _options_spec(expected: Expected) -> dict[str, Any]:
    """The fields of the spec that `using` asks for."""
    if isinstance(expected, str) or not expected.options:
        return {}
    options, _ = options_of(expected.options)
    spec: dict[str, Any] = backgroundjob_manifest(expected.owner.job_class, expected.name, None, options)[
        "spec"
    ]
    return {name: value for name, value in spec.items() if name not in ("class", "method")}


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
