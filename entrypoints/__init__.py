"""Where the program begins: settings, wiring, and the two ways to run it, in a cluster and as a demo."""
