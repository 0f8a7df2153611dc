"""Everything that a gateway needs, looked at before it starts and while it runs: what `kuacheng check` says, by category."""
