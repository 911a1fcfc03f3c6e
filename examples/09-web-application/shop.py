"""A web shop: POST /orders stores an order, and has its receipt sent in the background."""

import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from shop_jobs import ReceiptJob

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).with_name("shop.sqlite3")}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["shop"],
    ROOT_URLCONF="shop",
)
django.setup()
apps.get_app_config("shop").models_module = sys.modules[__name__]  # a larger shop has shop/models.py

STOCK = 10


class Order(models.Model):
    """What somebody bought."""

    article = models.CharField(max_length=100)
    count = models.PositiveIntegerField()


class SoldOut(Exception):
    """There is not as much as was ordered."""


def take_from_stock(count: int) -> None:
    """Raise SoldOut, which rolls back: no row, and no receipt."""
    if count > STOCK:
        raise SoldOut


@require_POST
def orders(request: HttpRequest) -> JsonResponse:
    """Take an order. Its receipt is sent when, and only when, the transaction commits."""
    try:
        with transaction.atomic():
            order = Order.objects.create(article=request.POST["article"], count=int(request.POST["count"]))
            receipt = ReceiptJob.send.on_commit().later(order=order.pk)
            take_from_stock(order.count)
    except SoldOut:
        return JsonResponse({"error": "sold out"}, status=409)
    return JsonResponse({"order": order.pk, "job": receipt.handle.name}, status=201)


urlpatterns = [path("orders", orders)]
