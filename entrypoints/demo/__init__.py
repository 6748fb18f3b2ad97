"""The manager on the adapters in memory, shown to a person."""
