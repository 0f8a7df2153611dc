"""One concern each, pure and synchronous; only the corridor knows their order."""
