-- The object store: which segments it has, and what it still has of segments that are not live any more.

-- URL of the segment's folder there; set before the first byte goes there, so that the catalog knows every object.
ALTER TABLE segments ADD COLUMN remote TEXT;
-- 1 once everything is there: from then on local files may go.
ALTER TABLE segments ADD COLUMN is_uploaded INTEGER NOT NULL DEFAULT 0;

-- Folders in the store of segments that are not live any more, until they are gone.
CREATE TABLE removed_remote (
    segment_id INTEGER PRIMARY KEY,
    remote     TEXT    NOT NULL
) STRICT;

-- What tells the objects of this data folder from those of another one.
CREATE TABLE store_owner (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    owner TEXT    NOT NULL
) STRICT;
