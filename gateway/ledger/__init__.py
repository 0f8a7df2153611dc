"""The evidence log: what was asked, on whose word, and what came of it; durable before anything leaves."""
