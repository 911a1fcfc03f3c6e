"""What a spec says about other objects, by name and always in its own namespace."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from backgroundjob.api.fields import (
    ATOMIC_OBJECT,
    STORED_DEFAULT,
    ApiModel,
    ObjectName,
    ParameterName,
    SubdomainName,
)
from backgroundjob.api.reasons import DependencyCondition


class SecretKeyRef(ApiModel):
    """One key of one Secret."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_extra=ATOMIC_OBJECT)

    name: SubdomainName = Field(description="Name of the Secret.")
    key: Annotated[str, Field(min_length=1, max_length=253, pattern="^[-_a-zA-Z0-9]([-._a-zA-Z0-9]*)$")] = (
        Field(description="Key in the Secret whose value, read as text, becomes the parameter.")
    )


class ParamFromSecret(ApiModel):
    """One parameter whose value is not in the object."""

    name: ParameterName = Field(
        description="Name of the parameter, as the method spells it. It must not be in params too."
    )
    secret_key_ref: SecretKeyRef = Field(description="Where the value is.")


class Dependency(ApiModel):
    """One BackgroundJob that goes first."""

    name: ObjectName = Field(description="Name of the other BackgroundJob, in the same namespace.")
    condition: DependencyCondition = Field(
        default=DependencyCondition.SUCCEEDED,
        description="What it must reach. Succeeded: if it ends in any other way, this object fails with "
        "DependencyFailed. Finished: any end will do. Default: Succeeded.",
        json_schema_extra=STORED_DEFAULT,
    )
