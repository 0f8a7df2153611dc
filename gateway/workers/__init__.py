"""Several processes that serve one address as one gateway, and how they are told something together."""
