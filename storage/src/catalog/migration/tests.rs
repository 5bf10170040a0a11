//! A migration that is cut off before any of its steps, by a fault or by the end of the process: the catalog is the old one or the new
//! one, whole, and the next start brings it to its end.

use std::path::PathBuf;

use super::*;
use crate::catalog::Catalog;
use crate::testing::{copy_folder, folder};

/// Makes a catalog of an earlier version with two segments in it.
fn catalog_of(path: &Path, version: usize) {
    let old = Connection::open(path).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    for (sql, target) in MIGRATIONS.iter().zip(1..).take(version) {
        old.execute_batch(sql).unwrap();
        old.pragma_update(None, "user_version", target).unwrap();
        if target == 1 {
            old.execute_batch(
                "INSERT INTO segments VALUES (7, 'spans', 'segments/spans/0000000007', 1, 3, 1000, -5, 9, 1, 4, 5), \
                 (8, 'logs', 'segments/logs/0000000008', 1, 2, 900, 5, 9, 1, 4, 5); \
                 UPDATE wal_state SET flushed_lsn = 4;",
            )
            .unwrap();
        }
    }
}

/// Brings a catalog forward until the `cut`-th step, which fails after `at_cut`; returns the steps that there were.
fn migrate_until(path: &Path, cut: usize, at_cut: &dyn Fn()) -> (Vec<Step>, Result<(), Error>) {
    let mut steps = Vec::new();
    let mut connection = Connection::open(path).unwrap();
    let result = migrate_by_steps(&mut connection, path, &mut |step| {
        steps.push(step);
        if steps.len() > cut {
            at_cut();
            return Err(rusqlite::Error::InvalidQuery);
        }
        Ok(())
    });
    (steps, result)
}

/// Checks that a catalog, cut off somewhere, is whole, has its rows and is brought to its end.
fn check(path: &Path, from: usize, context: &str) {
    let (version, newest) = Catalog::version(path).unwrap();
    assert!((from as u64..=newest).contains(&version), "{context}: version {version}");
    let backup = path.with_extension(format!("v{from}.bak"));
    if version > from as u64 {
        assert_eq!(Catalog::version(&backup).unwrap(), (from as u64, newest), "{context}: the copy");
    }
    let catalog = Catalog::open(path).unwrap_or_else(|error| panic!("{context}: {error}"));
    let ids: Vec<u64> = catalog.segments().unwrap().iter().map(|segment| segment.segment_id).collect();
    assert_eq!((ids, catalog.flushed_lsn().unwrap()), (vec![7, 8], 4), "{context}");
    let sound: String =
        catalog.connection().query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(sound, "ok", "{context}");
    drop(catalog);
    assert_eq!(Catalog::version(path).unwrap(), (newest, newest), "{context}");
    let copied = Connection::open(&backup).unwrap();
    let rows: i64 = copied.query_row("SELECT count(*) FROM segments", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2, "{context}: the copy");
    assert!(!path.with_extension(format!("v{from}.bak.new")).exists(), "{context}");
}

#[test]
fn a_migration_cut_off_at_any_step_leaves_old_or_new_and_is_taken_up_again() {
    for from in 1..MIGRATIONS.len() {
        let mut cuts = 0;
        loop {
            let place = folder();
            let (path, picture) = (place.path().join("data/catalog.sqlite"), place.path().join("picture"));
            std::fs::create_dir(place.path().join("data")).unwrap();
            catalog_of(&path, from);
            // What the disk has at this moment is what a killed process leaves.
            let (steps, result) = migrate_until(&path, cuts, &|| copy_folder(path.parent().unwrap(), &picture));
            let context = format!("from version {from}, cut off before {:?}", steps.last());
            check(&path, from, &format!("{context} by a fault"));
            if result.is_ok() {
                break;
            }
            check(&picture.join("catalog.sqlite"), from, &format!("{context} by a kill"));
            cuts += 1;
        }
        assert_eq!(cuts, 3 + 2 * (MIGRATIONS.len() - from) + 1, "from version {from}");
    }
}

/// Scenario: a copy of an earlier attempt, cut off in the middle, under the final name (written before copies were renamed) or under
/// that of an unfinished one. Guarantee: the migration goes on, and the copy is a whole one.
#[test]
fn half_a_copy_of_an_earlier_attempt_is_no_obstacle() {
    for name in ["catalog.v1.bak", "catalog.v1.bak.new"] {
        let place = folder();
        let path: PathBuf = place.path().join("catalog.sqlite");
        catalog_of(&path, 1);
        let half = std::fs::read(&path).unwrap();
        std::fs::write(place.path().join(name), &half[..half.len() / 2]).unwrap();
        check(&path, 1, name);
    }
}
