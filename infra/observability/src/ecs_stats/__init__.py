"""One model of containers, traffic and sleep, and its renderers."""
