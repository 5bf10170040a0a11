-- Compaction, retention and deletion: segments are replaced by others, removed, kept by name.

ALTER TABLE segments ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
-- Smallest and largest trace id; segments of spans only, and none for those written before this version.
ALTER TABLE segments ADD COLUMN min_trace_id BLOB;
ALTER TABLE segments ADD COLUMN max_trace_id BLOB;

-- Folders of segments that are not live any more and are still there, because a query reads them or the process ended
-- before they could go.
CREATE TABLE removed_segments (
    segment_id INTEGER PRIMARY KEY,
    path       TEXT    NOT NULL UNIQUE
) STRICT;

-- What retention must keep.
CREATE TABLE pins (
    name          TEXT PRIMARY KEY,
    -- A trace, or a closed interval of time in nanoseconds since the epoch.
    trace_id      BLOB,
    start_ns      INTEGER,
    end_ns        INTEGER,
    created_at_ns INTEGER NOT NULL,
    CHECK ((trace_id IS NULL) = (start_ns IS NOT NULL AND end_ns IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What somebody deleted and is not gone from the segments yet.
CREATE TABLE tombstones (
    tombstone_id  INTEGER PRIMARY KEY,
    -- Conditions that must all hold; NULL: any.
    trace_id      BLOB,
    service_name  TEXT,
    start_ns      INTEGER,
    end_ns        INTEGER,
    -- Only rows of segments with ids up to this; what came later stays.
    max_segment_id INTEGER NOT NULL,
    created_at_ns INTEGER NOT NULL
) STRICT;
