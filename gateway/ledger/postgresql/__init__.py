"""The evidence log in PostgreSQL, which gateways on many machines may write: the same laws as the SQLite file, one log to a schema."""
