"""Settings of every test run."""

from hypothesis import settings

# Deadlines measure the machine, not the code. By default the examples are the same in every run, so that a
# red test means a change; `make test-full` draws new ones, or those of SEED, and prints how to repeat one.
settings.register_profile("default", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("default")
