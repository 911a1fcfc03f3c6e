"""Calls the method here, then in the background."""

from hello_jobs import HelloJob

print("here:", HelloJob().greet("Ada"))

handle = HelloJob.greet.later("Ada")
print("submitted:", handle.name)
print("in the background:", handle.wait(timeout="1m").result)
