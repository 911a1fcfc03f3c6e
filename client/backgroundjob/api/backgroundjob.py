"""The object itself: what a user creates and the operator watches."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, ValidationError

from backgroundjob.api import labels
from backgroundjob.api.fields import ApiModel, DocumentError, ObjectName, Time, describe_problems, is_empty
from backgroundjob.api.rules import ROOT_RULES, validations
from backgroundjob.api.spec import BackgroundJobSpec
from backgroundjob.api.status import BackgroundJobStatus


class ObjectMeta(ApiModel):
    """The part of metadata that we read."""

    name: ObjectName | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: Annotated[dict[str, str], Field(exclude_if=is_empty)] = Field(default_factory=dict)
    annotations: Annotated[dict[str, str], Field(exclude_if=is_empty)] = Field(default_factory=dict)


class BackgroundJob(ApiModel):
    """One Class.method(params) to run in the background."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=validations(*ROOT_RULES))

    api_version: str = labels.API_VERSION
    kind: str = labels.KIND
    metadata: ObjectMeta
    spec: BackgroundJobSpec = Field(
        description="What to run, when, and how often to try. It can name no image, service account, "
        "environment or pod field: the administrator decides those."
    )
    status: BackgroundJobStatus | None = Field(
        default=None, description="What is known of the job. Written by the operator only."
    )

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """The object from its decoded JSON. Raises DocumentError, which names the fields and no value."""
        try:
            return cls.model_validate(document, by_alias=True, by_name=False)
        except ValidationError as error:
            metadata = document.get("metadata")
            names = metadata if isinstance(metadata, Mapping) else {}
            subject = f"{names.get('namespace', '')}/{names.get('name', '')}"
            raise DocumentError(f"BackgroundJob {subject}", describe_problems(error)) from error
