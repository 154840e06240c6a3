"""The whole story, unattended: `make demo`."""
