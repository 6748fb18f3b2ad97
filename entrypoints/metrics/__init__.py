"""/metrics, for Prometheus: who may read it, by which certificate, and the page itself."""
