-- The catalog: which segments are live, and up to which WAL number they hold everything.
-- One transaction a flush writes both, which is what makes a flush happen exactly once.

CREATE TABLE segments (
    segment_id     INTEGER PRIMARY KEY,
    table_name     TEXT    NOT NULL,
    -- Folder, relative to the data folder.
    path           TEXT    NOT NULL UNIQUE,
    schema_version INTEGER NOT NULL,
    rows           INTEGER NOT NULL,
    -- All files together.
    bytes          INTEGER NOT NULL,
    -- Of the table's time column, nanoseconds since the epoch.
    min_time_ns    INTEGER NOT NULL,
    max_time_ns    INTEGER NOT NULL,
    -- Closed interval of the WAL numbers whose rows it holds.
    first_lsn      INTEGER NOT NULL,
    last_lsn       INTEGER NOT NULL,
    created_at_ns  INTEGER NOT NULL
) STRICT;

CREATE INDEX segments_by_table ON segments (table_name, segment_id);

CREATE TABLE wal_state (
    -- One row.
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    -- Everything up to this WAL number is in segments.
    flushed_lsn INTEGER NOT NULL
) STRICT;

INSERT INTO wal_state (id, flushed_lsn) VALUES (1, 0);
