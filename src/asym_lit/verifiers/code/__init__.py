"""Programs as answers: found in a response, run against tests in a sandbox of this machine or of a service."""
