//! Damage of every kind to every kind of file of a data folder. Whatever is hit: no panic, no wrong row, what is lost is named, and
//! everything else is served. `TELLTALE_TEST_DAMAGES=2000` is the long run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use telltale_query::{Query, QueryLimits};
use telltale_storage::schema::Table;
use telltale_storage::{Error, Options, Storage, offline};
use telltale_tests::rng::Rng;

use damages::{DAMAGES, Damage};

mod damages;
mod reference;
mod server;

/// How many files are damaged, unless the environment variable [`COUNT_VARIABLE`] says another number.
const COUNT: usize = 63;
const COUNT_VARIABLE: &str = "TELLTALE_TEST_DAMAGES";

/// Rows as lines of text, and how often each is there.
type Lines = BTreeMap<String, usize>;

/// How a data folder is opened here: nothing happens in it by itself.
fn options(data: &Path) -> Options {
    let mut options = Options::new(data);
    options.limits.free_bytes_min = 0;
    options.limits.wal_file_bytes = 8 << 10;
    options.limits.compaction_tier_segments = 2;
    options.limits.compaction_fan_in = 2;
    options.limits.maintenance_every = Duration::from_secs(3_600);
    options
}

/// What a damaged folder answered.
struct Outcome {
    /// All rows, by a walk over everything.
    rows: Lines,
    /// What the status calls damaged.
    named: Vec<String>,
    /// Answers of look-ups that disagreed with the rows.
    wrong: Vec<String>,
}

/// Opens a folder, asks twice by every way (the first question may be the one that finds the damage), and reads everything.
async fn outcome(data: &Path) -> Result<Outcome, Error> {
    let storage = Storage::open(options(data))?;
    let limits = QueryLimits { memory_bytes: Some(64 << 20), threads: 1, ..QueryLimits::default() };
    let query = Query::new(storage.clone(), limits).unwrap();
    let _found_or_named = reference::answers(&query).await;
    let rows = reference::rows(&storage);
    let wrong = reference::disagreements(&query, &rows).await;
    let status = storage.status();
    assert_eq!(status.poisoned, None, "a thread ended");
    Ok(Outcome { rows, named: status.quarantined, wrong })
}

/// What is allowed to be missing, and whether it has to be named.
fn judge(reference: &reference::Reference, file: &Path, outcome: &Outcome) -> Result<(), String> {
    let Outcome { rows, named, wrong } = outcome;
    let invented: Vec<_> =
        rows.iter().filter(|(line, count)| reference.rows.get(*line).is_none_or(|all| *count > all)).collect();
    if !invented.is_empty() {
        return Err(format!("{} rows that nobody sent, or too often: {:?}", invented.len(), invented.first()));
    }
    if !wrong.is_empty() {
        return Err(format!("look-ups disagree with the rows: {wrong:?}"));
    }
    let missing: Vec<&String> = reference
        .rows
        .iter()
        .filter(|(line, count)| rows.get(*line).unwrap_or(&0) < *count)
        .map(|(line, _)| line)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some(segment) = reference.segment_of(file) {
        if let Some(other) = missing.iter().find(|line| !segment.contains_key(**line)) {
            return Err(format!("a row of another segment is missing: {other}"));
        }
        if !reference::is_needed(file) {
            return Err(format!("{} rows are missing for want of an index", missing.len()));
        }
    }
    let is_log = file.extension().is_some_and(|extension| extension == "wal");
    if named.is_empty() && !(is_log && reference.is_end_of_log(&missing)) {
        return Err(format!("{} rows are missing and nothing is named", missing.len()));
    }
    Ok(())
}

/// Scenario: a folder with compacted segments, flushed ones and records in the log alone; one file of it is damaged.
#[test]
fn whatever_file_is_damaged_nothing_wrong_is_served_and_the_loss_is_named() {
    let count = std::env::var(COUNT_VARIABLE).map_or(COUNT, |text| text.parse().expect("a number of damages"));
    let mut rng = if count == COUNT { Rng::new(5) } else { Rng::from_env() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let reference = runtime.block_on(reference::make());
    let mut tally: BTreeMap<(String, Damage), [usize; 3]> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..count {
        let damage = DAMAGES[number % DAMAGES.len()];
        let file = reference.pick(&mut rng);
        let place = reference::folder();
        let data = place.path().join("data");
        reference::copy_folder(reference.data(), &data);
        if !damage.apply(&data.join(&file), &reference.others(&file, &data), &mut rng) {
            continue;
        }
        let context = format!("{number}: {damage:?} of {}", file.display());
        let verified = offline::verify(&data, |_, _| {});
        let is_segment = reference.segment_of(&file).is_some();
        if is_segment && verified.as_ref().is_ok_and(|found| found.damaged.is_empty()) {
            failures.push(format!("{context}: a check of all files finds nothing"));
        }
        let fate = match runtime.block_on(outcome(&data)) {
            Ok(outcome) => {
                if let Err(why) = judge(&reference, &file, &outcome) {
                    failures.push(format!("{context}: {why}; named: {:?}", outcome.named));
                }
                usize::from(outcome.rows != reference.rows)
            }
            // What says where everything is may be what is damaged: then the start says so, and how to go on.
            Err(error) => {
                let text = error.to_string().to_lowercase();
                let name = file.file_name().unwrap().to_string_lossy().to_lowercase();
                let is_named = text.contains(name.trim_end_matches("-wal").trim_end_matches("-shm"));
                if is_segment || matches!(error, Error::Bug(_)) || !(is_named && text.contains("hint:")) {
                    failures.push(format!("{context}: does not open: {text}"));
                }
                2
            }
        };
        tally.entry((reference::kind(&file), damage)).or_default()[fate] += 1;
    }
    println!("file, damage: [everything served, the rest served and the loss named, refused by name]");
    tally.iter().for_each(|((kind, damage), fates)| println!("{kind:20} {damage:?}: {fates:?}"));
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert!(tally.len() > 25, "{} kinds of damage", tally.len());
}

/// The folder that is damaged above holds what it should, in all places.
#[test]
fn the_undamaged_folder_answers_everything() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let reference = runtime.block_on(reference::make());
    let place = reference::folder();
    let data: PathBuf = place.path().join("data");
    reference::copy_folder(reference.data(), &data);
    let outcome = runtime.block_on(outcome(&data)).unwrap();
    assert_eq!((&outcome.rows, &outcome.named, &outcome.wrong), (&reference.rows, &vec![], &vec![]));
    for table in Table::ALL {
        assert!(outcome.rows.keys().any(|line| line.starts_with(table.name())), "no row in {}", table.name());
    }
    let kinds: std::collections::BTreeSet<_> = reference.files().iter().map(|file| reference::kind(file)).collect();
    for kind in [
        "wal",
        "data.parquet",
        "traces.parquet",
        "series.parquet",
        "terms.bin",
        "bloom.bin",
        "log_index",
        "manifest.json",
        "catalog",
        "FORMAT",
    ] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
}
