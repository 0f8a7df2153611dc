"""The log's tables in PostgreSQL, who may do what with them, and whether they are this log's.

Laws: whoever writes the log may insert entries and read them, and neither change nor delete one; a purge is another role's, and takes
nonce, body and holder together; the writer may end the log, and nobody but the owner undo that; tables of another log, another form or
another hand are refused, never mended. The gateway makes no table.
"""

from typing import Final

from gateway.ledger.appending import Notary, fit_to_grow
from gateway.ledger.postgresql.connecting import Connection, Database, is_name
from gateway.ledger.postgresql.functions import functions
from gateway.ledger.records import SCHEMA, Head, LogUnusable
from gateway.ledger.tree import Frontier

COLUMNS: Final = "idx, kind, exchange_id, at, replay_key, holder, leaf_hash, nonce, body"
_DURABLE: Final = ("fsync", "full_page_writes")

# As in SQLite, the replay keys of INTENTs alone have to be unique, and NULLs are never equal. `writers` holds the signs of life: a row that
# is renewed, because a session's lock says nothing behind a pooler. A head of one row is rewritten with every batch, so its page has room.
_TABLES: Final = """\
-- The evidence log of Kuacheng, form {form}: run as the owner of the database, who is not the role that writes.
BEGIN;
CREATE SCHEMA {schema};
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;
CREATE TABLE {schema}.meta (one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), log TEXT NOT NULL, schema INTEGER NOT NULL);
CREATE TABLE {schema}.head (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), size BIGINT NOT NULL, frontier BYTEA NOT NULL, checkpoint TEXT NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE TABLE {schema}.entries (
    idx BIGINT PRIMARY KEY, kind TEXT NOT NULL, exchange_id TEXT NOT NULL, at TEXT NOT NULL, replay_key TEXT, holder TEXT,
    leaf_hash BYTEA NOT NULL, nonce BYTEA, body BYTEA, CHECK ((nonce IS NULL) = (body IS NULL))
);
CREATE UNIQUE INDEX entries_replay_key ON {schema}.entries (replay_key) WHERE replay_key IS NOT NULL;
CREATE UNIQUE INDEX entries_exchange ON {schema}.entries (exchange_id, kind);
CREATE INDEX entries_holder ON {schema}.entries (holder, idx) WHERE holder IS NOT NULL;
CREATE TABLE {schema}.tiles (level INTEGER NOT NULL, place BIGINT NOT NULL, hashes BYTEA NOT NULL, PRIMARY KEY (level, place));
CREATE TABLE {schema}.open_exchanges (exchange_id TEXT PRIMARY KEY, idx BIGINT NOT NULL, writer TEXT NOT NULL);
CREATE TABLE {schema}.writers (name TEXT PRIMARY KEY, seen TIMESTAMPTZ NOT NULL);

CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries are never changed or deleted, but for a purge of nonce, body and holder together';
END $$;
CREATE TRIGGER entries_unchanged BEFORE UPDATE ON {schema}.entries FOR EACH ROW WHEN (
    OLD.body IS NULL OR NEW.nonce IS NOT NULL OR NEW.body IS NOT NULL OR NEW.holder IS NOT NULL
    OR (OLD.idx, OLD.kind, OLD.exchange_id, OLD.at, OLD.replay_key, OLD.leaf_hash)
        IS DISTINCT FROM (NEW.idx, NEW.kind, NEW.exchange_id, NEW.at, NEW.replay_key, NEW.leaf_hash)
) EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER entries_undeleted BEFORE DELETE ON {schema}.entries FOR EACH ROW EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER entries_untruncated BEFORE TRUNCATE ON {schema}.entries EXECUTE FUNCTION {schema}.refuse();

-- Three roles that nobody logs in as: grant each to whoever is to have its rights.
DO $$
DECLARE role TEXT;
BEGIN
    FOREACH role IN ARRAY ARRAY['{schema}_writer', '{schema}_reader', '{schema}_purger'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA {schema} TO {schema}_writer, {schema}_reader, {schema}_purger;
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_writer, {schema}_reader, {schema}_purger;
GRANT INSERT ON {schema}.meta, {schema}.entries TO {schema}_writer;
GRANT INSERT, UPDATE ON {schema}.head, {schema}.tiles TO {schema}_writer;
GRANT INSERT, UPDATE, DELETE ON {schema}.open_exchanges, {schema}.writers TO {schema}_writer;
GRANT UPDATE (nonce, body, holder) ON {schema}.entries TO {schema}_purger;
"""

IS_FINISHED: Final = "55000"
"""The SQLSTATE that whoever writes an exchange into a log that has ended is told: object_not_in_prerequisite_state."""
# A trigger that is not there until the log ends costs nothing until then. Only the owner can make one, so the writer does it by a function
# of the owner's, whose names are looked for nowhere but where they are said to be.
_ENDING: Final = """
-- How the log is ended, once and for all.
CREATE TABLE IF NOT EXISTS {schema}.ended (one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), cosigned TEXT);
CREATE OR REPLACE FUNCTION {schema}.refuse_exchange() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is finished: it takes no exchange any more' USING ERRCODE = '{finished}';
END $$;
CREATE OR REPLACE FUNCTION {schema}.finish(cosigned TEXT) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO {schema}.ended (cosigned) VALUES (finish.cosigned) ON CONFLICT DO NOTHING;
    CREATE OR REPLACE TRIGGER entries_finished BEFORE INSERT ON {schema}.entries FOR EACH ROW WHEN (NEW.kind <> 'ACT')
        EXECUTE FUNCTION {schema}.refuse_exchange();
END $$;
REVOKE ALL ON FUNCTION {schema}.finish(TEXT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.finish(TEXT) TO {schema}_writer;
GRANT SELECT ON {schema}.ended TO {schema}_writer, {schema}_reader, {schema}_purger;
"""
_ADDED: Final = f"{_ENDING}{functions('{schema}')}"


def tables(schema: str) -> str:
    """The SQL that makes tables and roles of a log, for the owner of the database to run once."""
    return _filled(f"{_TABLES}{_ADDED}COMMIT;\n", schema)


def ending(schema: str) -> str:
    """The part of it by which a log is ended, and written by plans that are kept, for tables made without; may be run again."""
    return _filled(f"BEGIN;{_ADDED}COMMIT;\n", schema)


def _filled(sql: str, schema: str) -> str:
    if not is_name(schema):
        raise ValueError("a schema is named in small letters, digits and underscores, forty-one at most")
    return sql.format(schema=schema, form=SCHEMA, finished=IS_FINISHED)


def begin(connection: Connection, database: Database, notary: Notary) -> None:
    """Write name and head of an empty log unless they are there. Raises LogUnusable, psycopg.Error."""
    schema = database.schema
    for setting in _DURABLE:
        if connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() != ("on",):
            raise LogUnusable(f"the database would lose entries when its machine fails: set {setting} = on in postgresql.conf")
    present = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.meta",)).fetchone()
    if present != (True,):
        message = f"the schema {schema} of the database holds no evidence log, or this role may not see it: "
        raise LogUnusable(message + "run what `kuacheng ledger schema` prints, then grant the writer's role")
    with connection.transaction():
        connection.execute(
            f"INSERT INTO {schema}.meta (log, schema) VALUES (%s, %s) ON CONFLICT DO NOTHING", (notary.log, SCHEMA)
        )
        connection.execute(
            f"INSERT INTO {schema}.head (size, frontier, checkpoint) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            notary.head(Frontier()).columns,
        )


def check(connection: Connection, schema: str, notary: Notary) -> None:
    """Cheap signs that this is the log and whole at its end; `verify` looks at all of it. Raises LogUnusable, psycopg.Error."""
    name, what = log_name(connection, schema), f"the schema {schema} of the database"
    if name != notary.log:
        raise LogUnusable(f"{what} is the log {name!r}, not {notary.log!r}: name the right schema, or the right log")
    fit_to_grow(*end(connection, schema), notary, what)


def log_name(connection: Connection, schema: str) -> str:
    """The name of the log in this schema. Raises LogUnusable for another form, psycopg.Error."""
    name, form = connection.execute(f"SELECT log, schema FROM {schema}.meta").fetchone() or ("", None)
    if form != SCHEMA:
        raise LogUnusable(
            f"the database has form {form} of the log and this program reads form {SCHEMA}: begin a new log in a new schema"
        )
    return str(name)


def head(connection: Connection, schema: str) -> Head:
    """The head as it stands; that of an empty log without checkpoint where there is none. Raises psycopg.Error."""
    return Head.of(*connection.execute(f"SELECT size, frontier, checkpoint FROM {schema}.head").fetchone() or (0, b"", ""))


def end(connection: Connection, schema: str) -> tuple[Head, int]:
    """As `Records.end`, in one statement, which sees one moment. Raises psycopg.Error."""
    query = f"""
        SELECT coalesce(size, 0), coalesce(frontier, ''), coalesce(checkpoint, ''), present
        FROM (SELECT coalesce(max(idx) + 1, 0) AS present FROM {schema}.entries) AS entries LEFT JOIN {schema}.head ON true
    """
    size, frontier, checkpoint, present = connection.execute(query).fetchone() or (0, b"", "", 0)
    return Head.of(size, frontier, checkpoint), present


def is_ended(connection: Connection, schema: str) -> bool:
    """Whether the log was ended, by whichever form of `ending`. Raises psycopg.Error."""
    query = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = 'entries_finished')"
    return connection.execute(query, (f"{schema}.entries",)).fetchone() == (True,)


def has_function(connection: Connection, schema: str, signature: str) -> bool:
    """Whether the owner has made this function, as he does with what `ending` gives. Raises psycopg.Error."""
    found = connection.execute("SELECT to_regprocedure(%s) IS NOT NULL", (f"{schema}.{signature}",)).fetchone()
    return found == (True,)
