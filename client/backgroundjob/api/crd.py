"""The CustomResourceDefinition, rendered from the models.

`python -m backgroundjob.api.crd [--check] [DIRECTORY]` (`make crds`) writes it to crds/ and into the chart.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from backgroundjob.api import labels
from backgroundjob.api.backgroundjob import BackgroundJob
from backgroundjob.api.fields import DNS_LABEL
from backgroundjob.api.limits import NAME_LIMIT
from backgroundjob.api.structural import structural

PATHS: Final = ("crds/backgroundjobs.yaml", "charts/backgroundjob/files/crds/backgroundjobs.yaml")
SIZE_LIMIT_BYTES: Final = 100_000
"""Client-side `kubectl apply` keeps a copy of the object in an annotation of at most 262,144 bytes."""

_HEADER: Final = "# Generated from client/backgroundjob/api by `make crds`. Do not edit.\n"
_DESCRIPTION: Final = (
    "BackgroundJob runs one allow-listed class.method with retries, in a pod whose shape the administrator "
    "decides."
)
_SELECTABLE: Final = (".spec.class", ".spec.method", ".spec.queue", ".status.state", ".status.queue")
# name, type, path; priority is status.priority, because the spec may hold a name or nothing.
_COLUMNS: Final = (
    ("Class", "string", ".spec.class"),
    ("Method", "string", ".spec.method"),
    ("State", "string", ".status.state"),
    ("Attempts", "string", ".status.attemptSummary"),
    ("Priority", "integer", ".status.priority"),
    # Not a date: a date column prints <invalid> for a time that lies ahead.
    ("Next-Retry", "string", ".status.nextRetryTime"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
_WIDE_COLUMNS: Final = (
    ("Reason", "string", ".status.reason"),
    ("Queue", "string", ".status.queue"),
    ("Started", "date", ".status.startTime"),
    ("Duration", "string", ".status.duration"),
    ("Job", "string", ".status.jobName"),
)


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition as a document."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": labels.CRD_NAME},
        "spec": {
            "group": labels.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": labels.KIND,
                "listKind": labels.LIST_KIND,
                "plural": labels.PLURAL,
                "singular": labels.SINGULAR,
                "shortNames": list(labels.SHORT_NAMES),
                "categories": [labels.CATEGORY],
            },
            "versions": [
                {
                    "name": labels.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "selectableFields": [{"jsonPath": path} for path in _SELECTABLE],
                    "additionalPrinterColumns": [*_columns()],
                    "schema": {"openAPIV3Schema": schema()},
                }
            ],
        },
    }


def schema() -> dict[str, Any]:
    """The structural schema of the object."""
    document = BackgroundJob.model_json_schema(by_alias=True, mode="validation")
    # The API server owns apiVersion, kind and metadata; of metadata a CRD may only bound the name.
    document["properties"] = {name: document["properties"][name] for name in ("spec", "status")}
    rendered = structural(document | {"required": ["spec"]})
    rendered["description"] = _DESCRIPTION
    envelope = {
        "apiVersion": {"description": f"{labels.API_VERSION}.", "type": "string", "maxLength": 253},
        "kind": {"description": f"{labels.KIND}.", "type": "string", "maxLength": 63},
        "metadata": {
            "type": "object",
            "properties": {
                "name": {
                    "description": "Name of the object, unique in its namespace: a DNS label. Jobs and pods "
                    "carry it in their names and labels.",
                    "type": "string",
                    "maxLength": NAME_LIMIT,
                    "pattern": DNS_LABEL,
                }
            },
        },
    }
    rendered["properties"] = envelope | rendered["properties"]
    return rendered


def render() -> str:
    """The CustomResourceDefinition as YAML text."""
    text: str = yaml.dump(crd(), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)
    return _HEADER + text


def main(arguments: list[str] | None = None) -> int:
    """Write the files below a directory, or with --check say whether they are current."""
    parser = argparse.ArgumentParser(prog="python -m backgroundjob.api.crd", description="Write the CRD.")
    parser.add_argument("directory", nargs="?", type=Path, default=Path(), help="root of the repository")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    options = parser.parse_args(arguments)
    text = render()
    for path in (options.directory / name for name in PATHS):
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            sys.stderr.write(f"{path} is not what the models say; run `make crds`\n")
            return 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path} ({len(text.encode())} bytes)\n")
    return 0


def _columns() -> list[dict[str, Any]]:
    shown = [{"name": name, "type": kind, "jsonPath": path} for name, kind, path in _COLUMNS]
    wide = [
        {"name": name, "type": kind, "priority": 1, "jsonPath": path} for name, kind, path in _WIDE_COLUMNS
    ]
    return [*shown, *wide]


class _PlainDumper(yaml.SafeDumper):
    """Writes out what stands twice: an anchor would make a reader look for it."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


if __name__ == "__main__":
    raise SystemExit(main())
