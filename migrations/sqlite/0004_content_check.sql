-- A sum over everything in the catalog, so that a changed bit is noticed: SQLite has no checksums of its own.

CREATE TABLE content_check (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    -- Of all rows of all other tables (storage/FORMAT.md).
    sum INTEGER NOT NULL
) STRICT;
