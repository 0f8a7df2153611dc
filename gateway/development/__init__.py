"""Both cities and the gateway on one machine, for whoever develops, learns or tests: `kuacheng dev` and `kuacheng demo`.

Everything here is throw-away and synthetic, and nothing of it is imported by the gateway that serves.
"""
