"""The admission policies: there, bound, and checking by the allow-list that is stored."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from backgroundjob.api.labels import ALLOW_LIST_CONFIG_MAP
from backgroundjob.doctor.answers import Answer, Unread, judged, unread
from backgroundjob.doctor.check import Check, not_checked, ok, problem, warning

POLICIES: Final = "policies"
ADMISSION: Final = "admission"
ALLOW_LIST_POLICY: Final = "backgroundjob-allow-list"
REQUIRED: Final = (ALLOW_LIST_POLICY, "backgroundjob-anchor", "backgroundjob-shape")
GUARDS: Final = ("backgroundjob-guard-jobs", "backgroundjob-guard-pods")
"""Left out by policies.guard.enabled=false."""
REFUSED_METHOD: Final = "bgjobDoctorMustBeRefused"
"""Nobody's method: a dry run that asks for it must be refused, and the refusal names the allowed ones."""
UNKNOWN_CLASS: Final = "BgjobDoctor"
CLASSES_ASKED: Final = 5
_INSTALL: Final = "helm upgrade with policies.enabled=true, and policies.guard.enabled=true"
_STALE_STEP: Final = "see docs/security.md: the API server can keep an old allow-list until it restarts"
_POLICY: Final = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")
_ALLOWED: Final = re.compile(r"; allowed: (.+)$", re.DOTALL)
_COUNTED: Final = re.compile(r"; (\d+) methods of this class are allowed")


def policies_checks(policies: Mapping[str, Answer], bindings: Mapping[str, Answer]) -> Iterator[Check]:
    """One line when all are there; else one for each that is not."""
    found = [*_missing(policies, "ValidatingAdmissionPolicy"), *_missing(bindings, "its binding")]
    if not found:
        yield ok(POLICIES, f"{', '.join(policies)} and their bindings are there")
    yield from dict.fromkeys(found)


def _missing(answers: Mapping[str, Answer], kind: str) -> Iterator[Check]:
    for name, answer in answers.items():
        tell = warning if name in GUARDS else problem
        absent = tell(POLICIES, f"{name}: {kind} is not there", _INSTALL)
        what = "validatingadmissionpolicies and their bindings"
        verdict = judged(POLICIES, what, answer, absent, partial(_bound, name))
        if verdict.text:
            yield verdict


def _bound(name: str, document: Mapping[str, Any]) -> Check:
    """A binding that does not deny lets everything through."""
    spec = document.get("spec") or {}
    if "policyName" in spec and "Deny" not in (spec.get("validationActions") or ()):
        return problem(POLICIES, f"{name}: its binding does not deny", _INSTALL)
    return ok(POLICIES, "")


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to a dry run of a method that no allow-list names."""

    class_name: str
    answer: Answer


def classes_to_probe(allow_list: Mapping[str, str] | None) -> Sequence[str]:
    """One class that nobody has; and some that the allow-list names, to see whether admission knows them."""
    known = dict.fromkeys(key.rpartition(".")[0] for key in allow_list or ())
    return [UNKNOWN_CLASS, *list(known)[:CLASSES_ASKED]]


def admission_check(probes: Sequence[Probe], allow_list: Mapping[str, str] | None) -> Check:
    """Whether admission refuses what is not allowed, and names as allowed what the allow-list has."""
    for probe in probes:
        told = _refusal(probe, allow_list)
        if told is not None:
            return told
    checked = len(probes) - 1
    if allow_list is None:
        return ok(ADMISSION, "it refuses what is not allowed; whether it is current: not checked")
    classes = "1 class" if checked == 1 else f"{checked} classes"
    return ok(ADMISSION, f"it refuses what is not allowed, by the current allow-list ({classes} compared)")


def _refusal(probe: Probe, allow_list: Mapping[str, str] | None) -> Check | None:
    """What is wrong with the answer to one probe."""
    answer = probe.answer
    if not isinstance(answer, Unread):
        return problem(ADMISSION, "it lets pass a method that the allow-list does not name", _INSTALL)
    if "no params found for policy binding" in answer.message:
        step = "create it with: bgjob allow-list generate MODULE"
        return problem(ADMISSION, f"it finds no ConfigMap {ALLOW_LIST_CONFIG_MAP}, so it refuses all", step)
    policy = _POLICY.search(answer.message)
    if policy is None:
        if answer.http_status == 403:
            return not_checked(ADMISSION, "may not create backgroundjobs, by a dry run")
        return unread(ADMISSION, "a dry run of a create", answer)
    if policy[1] != ALLOW_LIST_POLICY:
        return not_checked(ADMISSION, f"the policy {policy[1]} refuses the dry run first")
    if allow_list is None:
        return None
    return _compared(probe.class_name, answer.message, allow_list)


def _compared(class_name: str, message: str, allow_list: Mapping[str, str]) -> Check | None:
    expected = {key for key in allow_list if key.startswith(f"{class_name}.")}
    listed, counted = _ALLOWED.search(message), _COUNTED.search(message)
    if counted is not None:
        is_same = int(counted[1]) == len(expected)
    else:
        is_same = expected == (set(listed[1].strip().split(", ")) if listed else set())
    if is_same:
        return None
    text = f"it checks {class_name} by another version of the allow-list than the stored one"
    return problem(ADMISSION, text, _STALE_STEP)
