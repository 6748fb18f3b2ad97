"""The ports on a Kubernetes API server, by lightkube; nothing outside this folder knows that library."""
