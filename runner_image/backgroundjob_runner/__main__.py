"""`python -m backgroundjob_runner`: one attempt, one process."""

from backgroundjob_runner.runner import main

# multiprocessing imports this module again in the children that user code starts.
if __name__ == "__main__":
    main()
