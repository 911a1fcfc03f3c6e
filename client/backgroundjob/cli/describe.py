"""`bgjob describe`: everything about one job on one page."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import typer

from backgroundjob.api.labels import LAST_COMMAND_ANNOTATION
from backgroundjob.backends import Document
from backgroundjob.cli.flags import Where, with_flags
from backgroundjob.cli.options import NameArgument
from backgroundjob.cli.output import columns, one_line, state_text
from backgroundjob.durations import human, parsed_time
from backgroundjob.errors import BackgroundJobError
from backgroundjob.finish import UNSEEN

_LONGEST_CHARACTERS: Final = 200
_WIDTH: Final = 14


@with_flags
def describe(name: NameArgument, *, where: Where) -> None:
    """Show everything about one job: how it stands, its attempts, its Events.

    [bold]Example[/bold]

    $ bgjob describe invoice-42
    """
    backend = where.choose()
    document = backend.get(where.namespace or backend.default_namespace, name)
    now = datetime.now(UTC)
    for line in (*_facts(document, now), *_attempts(document, now)):
        typer.echo(line)
    try:
        events = backend.events(document["metadata"]["namespace"], name)
    except BackgroundJobError as error:
        typer.echo(f"\nEvents: cannot be read: {one_line(error.message)}")
    else:
        for line in _events(events, now):
            typer.echo(line)


def _facts(document: Document, now: datetime) -> Iterator[str]:
    metadata, spec, status = document["metadata"], document["spec"], document.get("status") or {}
    reason = f" ({status['reason']})" if status.get("reason") else ""
    yield _fact("Name", metadata["name"])
    yield _fact("Namespace", metadata["namespace"])
    yield _fact("Runs", f"{spec['class']}.{spec['method']}")
    yield f"{'State:':<{_WIDTH}}{state_text(str(status.get('state') or UNSEEN))}{reason}"
    rows: Iterable[tuple[str, Any]] = (
        ("Message", status.get("message")),
        ("Attempts", _budgets(status)),
        ("Next retry", _moment(status.get("nextRetryTime"), now)),
        ("Progress", _progress(status.get("progress") or {})),
        ("Result", _json(status.get("result"))),
        ("Created", _moment(metadata.get("creationTimestamp"), now)),
        ("Started", _moment(status.get("startTime"), now)),
        ("Completed", _moment(status.get("completionTime"), now)),
        ("Duration", status.get("duration")),
        ("Priority", status.get("priority", spec.get("priority"))),
        ("Queue", status.get("queue") or spec.get("queue")),
        ("Commands", _commands(spec)),
        ("Last command", _last_command(metadata, now)),
        ("Not before", _not_before(spec)),
        ("Depends on", _dependencies(spec)),
        ("Key", spec.get("concurrencyKey")),
        ("Timeout", _seconds(spec.get("timeoutSeconds"))),
        ("Deadline", _seconds(spec.get("deadlineSeconds"))),
        ("Params", _json(spec.get("params") or spec.get("args"))),
        ("From Secrets", ", ".join(item["name"] for item in spec.get("paramsFrom") or ())),
    )
    for label, value in rows:
        if value not in (None, ""):
            yield _fact(label, value)


def _fact(label: str, value: Any) -> str:
    return f"{label + ':':<{_WIDTH}}{one_line(str(value))}"


def _budgets(status: Mapping[str, Any]) -> str:
    charged = status.get("attemptSummary") or str(status.get("attemptCount") or 0)
    disrupted = status.get("disruptionCount") or 0
    restarts = status.get("restartsObserved") or 0
    text = f"{charged} charged" + (f", {disrupted} disrupted" if disrupted else "")
    return text + (f", since restart {restarts}" if restarts else "")


def _progress(progress: Mapping[str, Any]) -> str:
    percent = f"{progress['percent']} %" if progress.get("percent") is not None else ""
    return " ".join(part for part in (percent, str(progress.get("message") or "")) if part)


def _commands(spec: Mapping[str, Any]) -> str:
    return ", ".join(word for word in ("suspend", "cancel") if spec.get(word))


def _last_command(metadata: Mapping[str, Any], now: datetime) -> str:
    """Who wrote it is anybody who may change the job, so nothing in it is taken to be well-formed."""
    text = (metadata.get("annotations") or {}).get(LAST_COMMAND_ANNOTATION)
    if not text:
        return ""
    try:
        told = json.loads(text)
        return f"{told['verb']} {_moment(told['time'], now)}: {told['reason']}"[:_LONGEST_CHARACTERS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return str(text)[:_LONGEST_CHARACTERS]


def _not_before(spec: Mapping[str, Any]) -> str:
    seconds = spec.get("delaySeconds")
    return f"{human(seconds)} after creation" if seconds else str(spec.get("runAt") or "")


def _dependencies(spec: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{item['name']} ({item.get('condition', 'Succeeded')})" for item in spec.get("dependsOn") or ()
    )


def _seconds(seconds: int | None) -> str:
    return "" if seconds is None else human(seconds)


def _json(value: Any) -> str:
    if value in (None, {}, []):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_CHARACTERS else f"{text[:_LONGEST_CHARACTERS]}… (-o json has all)"


def _moment(text: Any, now: datetime) -> str:
    moment = parsed_time(text)
    if moment is None:
        return ""
    seconds = (moment - now).total_seconds()
    return f"{text} ({f'in {human(seconds)}' if seconds > 0 else f'{human(-seconds)} ago'})"


def _attempts(document: Document, now: datetime) -> Iterator[str]:
    attempts = (document.get("status") or {}).get("attempts") or ()
    if not attempts:
        return
    yield "\nAttempts:"
    headers = ("NUMBER", "OUTCOME", "CAUSE", "CHARGED", "STARTED", "DURATION", "EXIT", "NODE", "DETAIL")
    yield from columns(headers, [_attempt(attempt, now) for attempt in attempts], indent="  ")
    last = next((one for one in reversed(attempts) if (one.get("exception") or {}).get("traceback")), None)
    if last is not None:
        yield f"\nTraceback of attempt {last['number']}:"
        for line in str(last["exception"]["traceback"]).splitlines():
            yield f"  {one_line(line, strip=False)}"


def _attempt(attempt: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    started, finished = parsed_time(attempt.get("startTime")), parsed_time(attempt.get("finishTime"))
    exception = attempt.get("exception") or {}
    raised = f"{exception['type']}: {exception.get('message', '')}" if exception else ""
    charged = "" if attempt.get("charged") is None else "yes" if attempt["charged"] else "no"
    return (
        str(attempt["number"]),
        str(attempt.get("outcome") or "running"),
        str(attempt.get("cause") or ""),
        charged,
        f"{human((now - started).total_seconds())} ago" if started else "",
        human(((finished or now) - started).total_seconds()) if started else "",
        str(attempt.get("exitCode", "")),
        str(attempt.get("nodeName") or ""),
        (raised or str(attempt.get("message") or ""))[:_LONGEST_CHARACTERS],
    )


def _events(events: Sequence[Document], now: datetime) -> Iterator[str]:
    if not events:
        yield "\nEvents: none"
        return
    yield "\nEvents:"
    rows = []
    for event in events:
        metadata = event.get("metadata") or {}
        text = event.get("eventTime") or event.get("lastTimestamp") or metadata.get("creationTimestamp")
        moment = parsed_time(text)
        age = f"{human((now - moment).total_seconds())} ago" if moment else ""
        rows.append((age, *(str(event.get(field) or "") for field in ("type", "reason", "message"))))
    yield from columns(("AGE", "TYPE", "REASON", "MESSAGE"), rows, indent="  ")
