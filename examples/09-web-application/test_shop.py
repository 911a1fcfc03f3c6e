"""A receipt is submitted after the commit, and none after a rollback. No job runs here."""

from django.test import TransactionTestCase
from shop import Order
from shop_jobs import ReceiptJob

from backgroundjob.testing import InMemoryBackend, use_backend


class OrdersTest(TransactionTestCase):
    """Commits for real: a TestCase never would, and nothing would be submitted."""

    def test_an_order_has_a_receipt_after_the_commit(self) -> None:
        jobs = InMemoryBackend()
        with use_backend(jobs):
            response = self.client.post("/orders", {"article": "tea", "count": 2})
        assert response.status_code == 201
        order = Order.objects.get(article="tea")
        assert jobs.assert_enqueued(ReceiptJob.send, order=order.pk).name == response.json()["job"]

    def test_an_order_that_is_rolled_back_has_none(self) -> None:
        jobs = InMemoryBackend()
        with use_backend(jobs):
            response = self.client.post("/orders", {"article": "tea", "count": 11})
        assert response.status_code == 409
        assert not Order.objects.exists()
        jobs.assert_nothing_enqueued()
