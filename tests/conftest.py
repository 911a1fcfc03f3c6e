"""Settings of every test run."""

from hypothesis import settings

# Deadlines measure the machine, not the code. `make test-full` runs the thorough profile.
settings.register_profile("default", max_examples=300, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile("default")
