//! `telltale migrate` that is killed: what it leaves is the old folder or the new one, and the next attempt brings it to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use telltale_storage::offline;
use telltale_tests::rng::Rng;

use crate::support::{PROGRAM, root};

/// Kills, unless the environment variable [`KILLS_VARIABLE`] says another number.
const KILLS: usize = 10;
const KILLS_VARIABLE: &str = "TELLTALE_TEST_MIGRATIONS";

fn migrate(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("migrate").args(arguments).arg("--data-dir").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { assert!(std::fs::copy(&path, &target).is_ok()) }
    }
}

/// The golden folders of catalogs that are older than today's.
fn old_folders() -> Vec<PathBuf> {
    let folders =
        std::fs::read_dir(root().join("storage/golden")).unwrap().map(|entry| entry.unwrap().path().join("data"));
    let place = tempfile::tempdir().unwrap();
    let is_old = |folder: &PathBuf| {
        let data = place.path().join(folder.parent().unwrap().file_name().unwrap());
        copy(folder, &data);
        let (found, newest) = offline::versions(&data).unwrap().catalog;
        found < newest
    };
    folders.filter(|folder| folder.is_dir()).filter(is_old).collect()
}

#[test]
fn a_migration_that_is_killed_at_any_moment_is_taken_up_again() {
    let kills = std::env::var(KILLS_VARIABLE).map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let mut rng = Rng::from_env();
    let folders = old_folders();
    assert!(folders.len() >= 2, "{folders:?}");
    let mut whole = Duration::ZERO;
    let (mut cut, mut done) = (0, 0);
    for kill in 0..=kills {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        copy(&folders[kill % folders.len()], &data);
        let before = offline::versions(&data).unwrap();
        let started = Instant::now();
        let mut child = migrate(&data, &[]).spawn().unwrap();
        if kill > 0 {
            std::thread::sleep(Duration::from_micros(rng.range(0, u64::try_from(whole.as_micros()).unwrap())));
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        whole = whole.max(started.elapsed());
        assert!(kill > 0 || output.status.success(), "{output:?}");
        let after = offline::versions(&data).unwrap();
        assert_eq!(after.schemas, before.schemas);
        assert!((before.catalog.0..=before.catalog.1).contains(&after.catalog.0), "{after:?}");
        if after.catalog.0 == after.catalog.1 {
            done += 1
        } else {
            cut += 1
        }
        let again = migrate(&data, &[]).output().unwrap();
        assert!(again.status.success(), "kill {kill}: {again:?}");
        let dry = migrate(&data, &["--dry-run"]).output().unwrap();
        assert!(String::from_utf8_lossy(&dry.stdout).contains("nothing to do"), "kill {kill}: {dry:?}");
        let verified = offline::verify(&data, |_, _| {}).unwrap();
        assert_eq!((verified.damaged, verified.unlisted), (vec![], vec![]), "kill {kill}");
        assert!(verified.segments >= 6, "kill {kill}");
    }
    println!("{kills} kills: {cut} left the old version, {} the new one; a whole migration takes {whole:?}", done - 1);
}
