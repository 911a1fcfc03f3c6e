"""CEL rules of the CRD: what the API server itself refuses, with the sentence the user reads.

Each rule was accepted and exercised on a real API server; tests/e2e/contract_cases proves each again.
`has()` on both sides makes removal a change; a rule about status lives at the root, because a rule
on status does not run when the status is removed.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of x-kubernetes-validations."""

    rule: str
    message: str
    field_path: str = ""
    reason: str = ""

    def document(self) -> dict[str, str]:
        """The entry under the API's names."""
        document = {"rule": self.rule, "message": self.message}
        if self.field_path:
            document["fieldPath"] = self.field_path
        if self.reason:
            document["reason"] = self.reason
        return document


def validations(*rules: Rule) -> dict[str, Any]:
    """The rules as an addition to a JSON Schema."""
    return {"x-kubernetes-validations": [rule.document() for rule in rules]}


def _unchanged(field: str, new: str = "self", old: str = "oldSelf") -> str:
    return (
        f"has({new}.{field}) == has({old}.{field}) && (!has({new}.{field}) || {new}.{field} == {old}.{field})"
    )


def _immutable(field: str, new: str = "self", old: str = "oldSelf") -> Rule:
    return Rule(
        rule=_unchanged(field, new, old),
        message=f"{field} is immutable",
        field_path=f".{field}",
        reason="FieldValueForbidden",
    )


def _until_started(*fields: str, message: str, field_path: str) -> Rule:
    same = " && ".join(f"({_unchanged(field, 'self.spec', 'oldSelf.spec')})" for field in fields)
    return Rule(
        rule=f"!has(oldSelf.status) || !has(oldSelf.status.startTime) || ({same})",
        message=message,
        field_path=field_path,
        reason="FieldValueForbidden",
    )


_TERMINAL = "c.type in ['Complete', 'Failed'] && c.status == 'True'"

ROOT_RULES: Final = (
    Rule(
        rule="!has(self.spec.dependsOn) || self.spec.dependsOn.all(d, d.name != self.metadata.name)",
        message="a BackgroundJob cannot depend on itself",
        field_path=".spec.dependsOn",
        reason="FieldValueInvalid",
    ),
    _until_started(
        "priority",
        message="priority cannot change after the first attempt has started",
        field_path=".spec.priority",
    ),
    _until_started(
        "runAt",
        "delaySeconds",
        message="delaySeconds and runAt cannot change after the first attempt has started",
        field_path=".spec",
    ),
    Rule(
        rule="self.spec.restarts == oldSelf.spec.restarts || (has(oldSelf.status) && "
        f"has(oldSelf.status.conditions) && oldSelf.status.conditions.exists(c, {_TERMINAL}))",
        message="restarts can be raised only after the BackgroundJob is Complete or Failed",
        field_path=".spec.restarts",
        reason="FieldValueForbidden",
    ),
    Rule(
        rule="!has(self.status) || !has(self.status.restartsObserved) || "
        "self.status.restartsObserved <= self.spec.restarts",
        message="status.restartsObserved cannot exceed spec.restarts",
        field_path=".status.restartsObserved",
    ),
    Rule(
        rule="!has(oldSelf.status) || !has(oldSelf.status.conditions) || "
        "(has(self.status) && has(self.status.restartsObserved) && has(oldSelf.status.restartsObserved) && "
        "self.status.restartsObserved > oldSelf.status.restartsObserved) || "
        "oldSelf.status.conditions.all(o, !(o.type in ['Complete', 'Failed'] && o.status == 'True') || "
        "(has(self.status) && has(self.status.conditions) && self.status.conditions.exists(n, "
        "n.type == o.type && n.status == 'True' && n.reason == o.reason && "
        "n.lastTransitionTime == o.lastTransitionTime)))",
        message="a terminal condition is final until restartsObserved grows",
        field_path=".status.conditions",
        reason="FieldValueForbidden",
    ),
    Rule(
        rule="!has(self.status) || !has(self.status.conditions) || "
        "!(self.status.conditions.exists(c, c.type == 'Complete' && c.status == 'True') && "
        "self.status.conditions.exists(c, c.type == 'Failed' && c.status == 'True'))",
        message="Complete and Failed exclude each other",
        field_path=".status.conditions",
    ),
)

SPEC_RULES: Final = (
    Rule(
        rule="self.class == oldSelf.class && self.method == oldSelf.method",
        message="class and method are immutable",
        reason="FieldValueForbidden",
    ),
    *(
        _immutable(field)
        for field in ("params", "paramsFrom", "retry", "queue", "concurrencyKey", "dependsOn")
    ),
    # args is a list of any JSON and invisible to typed CEL ("undefined field 'args'"); dyn() reads it.
    # Never use dyn() on params: there it compiles and is silently false.
    Rule(
        rule="has(dyn(self).args) == has(dyn(oldSelf).args) && "
        "(!has(dyn(self).args) || dyn(self).args == dyn(oldSelf).args)",
        message="args is immutable",
        field_path=".args",
        reason="FieldValueForbidden",
    ),
    Rule(
        rule="!(has(self.delaySeconds) && has(self.runAt))",
        message="set delaySeconds or runAt, not both",
    ),
    Rule(
        rule="!has(self.delaySeconds) || !has(self.deadlineSeconds) || self.delaySeconds < "
        "self.deadlineSeconds",
        message="deadlineSeconds counts from creation and must be larger than delaySeconds",
        field_path=".deadlineSeconds",
    ),
    Rule(
        rule="!oldSelf.cancel || self.cancel || self.restarts > oldSelf.restarts",
        message="cancel cannot be taken back, except by raising restarts in the same update",
        field_path=".cancel",
        reason="FieldValueForbidden",
    ),
    Rule(
        rule="self.restarts >= oldSelf.restarts",
        message="restarts can only grow",
        field_path=".restarts",
        reason="FieldValueForbidden",
    ),
)

RETRY_RULES: Final = (
    Rule(
        rule="!has(self.delays) || !(has(self.backoff) || has(self.delaySeconds) || "
        "has(self.maxDelaySeconds))",
        message="delays replaces backoff, delaySeconds and maxDelaySeconds",
    ),
    Rule(
        rule="!has(self.delaySeconds) || !has(self.maxDelaySeconds) || self.delaySeconds <= "
        "self.maxDelaySeconds",
        message="delaySeconds cannot exceed maxDelaySeconds",
    ),
)

PRIORITY_RULES: Final = (
    Rule(
        rule="type(self) != int || (int(self) >= -1000 && int(self) <= 1000)",
        message="a number must be between -1000 and 1000",
    ),
    Rule(
        rule="type(self) != string || (size(string(self)) <= 63 && "
        "string(self).matches('^[a-z]([-a-z0-9]*[a-z0-9])?$'))",
        message="a name must be a lower-case DNS label that starts with a letter; "
        "write numbers without quotes",
    ),
)
