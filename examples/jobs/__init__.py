"""Sample jobs. Copied to /app/jobs in the example image; the allow-list names what may run."""
