"""What `bgjob doctor` says: pure verdicts over what was fetched. Fetching is each backend's `checks`."""
