"""Fetch the sales of all shops side by side, then add them up, then clear: whatever the others came to."""

import sys

from sales_jobs import SalesJob

shops = sys.argv[1:]

fetched = SalesJob.fetch.many({"shop": shop} for shop in shops)
total = SalesJob.add_up.using(depends_on=list(fetched)).later(shops)
clear = SalesJob.clear.using(depends_on=[f"{total.name}:Finished"]).later()

clear = clear.wait(timeout="1m")
for handle in [*fetched.refresh(), total.refresh(), clear]:
    method = handle.document["spec"]["method"]
    print(
        f"{method:<6}  {handle.state:<9}  {handle.reason:<16}  {handle.document['status'].get('result', '')}"
    )
