"""The port Metrics for Prometheus: counters and histograms of what happened, gauges computed at each scrape."""
