"""Ships one order; four others are refused, and say why."""

from typing import Any

from order_jobs import OrderJob

from backgroundjob import InvalidParams

HOME: dict[str, Any] = {"street": "Hauptstraße 1", "country": "DE"}
ORDER: dict[str, Any] = {"number": 7, "to": HOME, "email": "ada@example.org"}

shipped = OrderJob.ship.later(**ORDER, parcels=[0.5, 2.25]).wait(timeout="1m")
print("shipped:", shipped.result)

WRONG: list[dict[str, Any]] = [
    {"number": 0},
    {"number": "7"},
    {"to": HOME | {"country": "Germany"}},
    {"speed": "overnight"},
]
for change in WRONG:
    try:
        OrderJob.ship.later(**(ORDER | change))
    except InvalidParams as error:
        print("refused:", error)
