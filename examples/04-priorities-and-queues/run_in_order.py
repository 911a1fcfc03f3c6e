"""Submits many jobs at once and shows the order in which they ran."""

from itertools import combinations

from report_jobs import ReportJob

# The queue `reports` runs one at a time: see backgroundjob.yaml.
submitted = [
    ReportJob.build.later(title="last year"),  # low: so says the job
    ReportJob.build.using(priority="medium").later(title="last month"),
    ReportJob.build.using(priority=50).later(title="last week"),
    ReportJob.build.using(priority="high").later(title="today"),
]
ended = [handle.wait(timeout="1m") for handle in submitted]
for handle in sorted(ended, key=lambda handle: handle.result):
    print("ran", handle.document["spec"]["params"]["title"])

customers = ["ada", "ada", "grace", "grace"]
exports = ReportJob.export.many({"customer": name, "part": part} for part, name in enumerate(customers))
spans = zip(customers, exports.wait(timeout="1m").results, strict=True)
together = [
    {one, other}
    for (one, (start, end)), (other, (other_start, other_end)) in combinations(spans, 2)
    if start < other_end and other_start < end
]
print("exports of ada and grace at once:", {"ada", "grace"} in together)
print("two exports of one customer at once:", {"ada"} in together or {"grace"} in together)
