"""The port Meter as Prometheus reads it: counters and histograms told by events, states looked at when asked."""
