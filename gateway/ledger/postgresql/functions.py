"""What is done to the tables to write a batch, and the owner's functions that do it with plans which the server keeps.

Laws: a function does, with the rights of whoever calls it, what the statements of the same name do without it, and nothing else: it saves
planning them anew for each batch. What it is told is the whole of what it knows, so a pooler may give each transaction another session.
"""

from collections.abc import Sequence
from typing import Final

from gateway.ledger.records import Row

_LOCK_MILLISECONDS: Final = 2000
_STATEMENT_MILLISECONDS: Final = 10_000

SETTINGS: Final = (
    "set_config('synchronous_commit', 'on', true), "
    # Without statistics, as in a new log, the whole of it would be read for each batch; and what then seems dear would be compiled.
    "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), "
    f"set_config('lock_timeout', '{_LOCK_MILLISECONDS}', true), "
    f"set_config('statement_timeout', '{_STATEMENT_MILLISECONDS}', true)"
)
"""Those of a transaction, because those of a session are lost behind a pooler."""

ARRAYS: Final = ("text[]", "text[]", "text[]", "text[]", "text[]", "bytea[]", "bytea[]", "bytea[]")
"""Of the columns of entries behind the index."""
BEGINNING: Final = "begin_batch(bigint, text)"
"""The signature of the first function: where it is, all are."""

_COLUMNS: Final = ", ".join(Row._fields)
_GIVEN: Final = ("kinds", "exchanges", "moments", "keys", "holders", "leaf_hashes", "nonces", "bodies")


def insertion(name: str, first: str, arrays: Sequence[str]) -> str:
    """Entries from the index `first` on, column by column."""
    new = ", ".join(f"new.{column}" for column in Row._fields[1:])
    return (
        f"INSERT INTO {name}.entries ({_COLUMNS}) SELECT {first} + new.n - 1, {new} "
        f"FROM unnest({', '.join(arrays)}) WITH ORDINALITY AS new ({', '.join(Row._fields[1:])}, n)"
    )


def opening(name: str, writer: str, exchanges: str, indexes: str) -> str:
    """Exchanges that are open from here on, with the index of their INTENT."""
    return f"INSERT INTO {name}.open_exchanges SELECT opened.*, {writer} FROM unnest({exchanges}, {indexes}) AS opened"


def ending(name: str, exchanges: str) -> str:
    """Exchanges that are open no more."""
    return f"DELETE FROM {name}.open_exchanges WHERE exchange_id = ANY({exchanges})"


def extension(name: str, levels: str, places: str, hashes: str) -> str:
    """Tiles, new or longer."""
    return (
        f"INSERT INTO {name}.tiles SELECT * FROM unnest({levels}, {places}, {hashes}) "
        "ON CONFLICT (level, place) DO UPDATE SET hashes = excluded.hashes"
    )


def replacement(name: str, size: str, frontier: str, checkpoint: str) -> str:
    """The head."""
    return f"UPDATE {name}.head SET size = {size}, frontier = {frontier}, checkpoint = {checkpoint}"


def functions(schema: str) -> str:
    """The SQL that makes them; may be run again."""
    given = ", ".join(f"{name} {kind.upper()}" for name, kind in zip(_GIVEN, ARRAYS, strict=True))
    unlike = "RAISE serialization_failure USING MESSAGE = 'the log is not as this writer left it'"
    return f"""
-- How a batch is written while nobody else writes: with plans that the server keeps.
CREATE OR REPLACE FUNCTION {schema}.begin_batch(size_left BIGINT, checkpoint_left TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {SETTINGS}, set_config('plan_cache_mode', 'force_generic_plan', true);
    PERFORM FROM {schema}.head WHERE size = size_left AND checkpoint = checkpoint_left FOR UPDATE;
    IF NOT FOUND THEN {unlike}; END IF;
END $$;
CREATE OR REPLACE FUNCTION {schema}.write_batch(
    ended TEXT[], writer TEXT, opened TEXT[], indexes BIGINT[], first BIGINT, {given}, ending BIGINT
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found_open BIGINT;
BEGIN
    {ending(schema, "ended")};
    GET DIAGNOSTICS found_open = ROW_COUNT;
    IF found_open <> ending THEN {unlike}; END IF;
    {opening(schema, "write_batch.writer", "write_batch.opened", "indexes")};
    {insertion(schema, "first", _GIVEN)};
END $$;
CREATE OR REPLACE FUNCTION {schema}.end_batch(
    new_size BIGINT, new_frontier BYTEA, new_checkpoint TEXT, levels INTEGER[], places BIGINT[], new_hashes BYTEA[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(levels) > 0 THEN
        {extension(schema, "levels", "places", "new_hashes")};
    END IF;
    {replacement(schema, "new_size", "new_frontier", "new_checkpoint")};
END $$;
REVOKE ALL ON FUNCTION {schema}.begin_batch, {schema}.write_batch, {schema}.end_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.begin_batch, {schema}.write_batch, {schema}.end_batch TO {schema}_writer;
"""
