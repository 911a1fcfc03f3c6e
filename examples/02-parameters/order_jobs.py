"""Type hints say which parameters a job takes. They are checked before anything is sent."""

from typing import Annotated, Literal, NotRequired, TypedDict

from backgroundjob import JobClass, Schema, job


class Address(TypedDict):
    """Where a parcel goes."""

    street: str
    country: Literal["DE", "FR", "PL"]
    floor: NotRequired[int]


class OrderJob(JobClass):
    """Orders of a shop."""

    @job(loggable=["number"])
    def ship(
        self,
        number: Annotated[int, Schema(minimum=1)],
        to: Address,
        email: Annotated[str, Schema(format="email", maxLength=200)],
        parcels: list[float] | None = None,
        speed: Literal["standard", "express"] = "standard",
    ) -> dict[str, int | str]:
        """Ship one order; `parcels` are their weights in kilograms."""
        return {"number": number, "country": to["country"], "parcels": len(parcels or [1.0]), "speed": speed}
