"""Submits jobs that need a Secret."""

from webhook_jobs import SignedWebhookJob

from backgroundjob import InvalidParams, JobFailed, Secret

handle = SignedWebhookJob.notify.later("order-shipped")
print("stored:", handle.document["spec"]["paramsFrom"])
print("signature:", handle.wait(timeout="1m").result)

rotated = Secret.ref("webhook/new-key")
print("another key:", SignedWebhookJob.notify.later("order-shipped", rotated).wait(timeout="1m").result)

try:
    SignedWebhookJob.notify.later("order-shipped", Secret("s3cret"))
except InvalidParams as error:
    print("refused:", error)

try:
    SignedWebhookJob.leak.later().wait(timeout="1m").result  # noqa: B018  a failed job's result raises
except JobFailed as error:
    print("failed:", error.exception_message)
