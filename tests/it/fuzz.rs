//! The properties of the fuzz targets (`tests/fuzz`) in every run: over the seeds, which hold what fuzzing found, and over seeded
//! changes of them. `TELLTALE_TEST_FUZZ=100000` makes so many changes of each; a fuzzer that watches the code finds more in its time
//! (tests/fuzz/README.md has its command).

use std::path::PathBuf;

use telltale_tests::rng::Rng;

use crate::support::root;

#[path = "../fuzz/src/decode.rs"]
mod decode;
#[path = "../fuzz/src/json.rs"]
mod json;
#[path = "../fuzz/src/junit.rs"]
mod junit;
#[path = "../fuzz/src/open.rs"]
mod open;
#[path = "../fuzz/src/plan.rs"]
mod plan;
#[path = "../fuzz/src/prometheus.rs"]
mod prometheus;
#[path = "../fuzz/src/promql.rs"]
mod promql;
#[path = "../fuzz/src/redact.rs"]
mod redact;
#[path = "../fuzz/src/repair.rs"]
mod repair;
#[path = "../fuzz/src/resolve.rs"]
mod resolve;
#[path = "../fuzz/src/search.rs"]
mod search;
#[path = "../fuzz/src/segment.rs"]
mod segment;
#[path = "../fuzz/src/wal.rs"]
mod wal;

/// Changed inputs of each target, unless the environment variable [`CHANGES_VARIABLE`] says another number.
const CHANGES: usize = 300;
const CHANGES_VARIABLE: &str = "TELLTALE_TEST_FUZZ";

/// Folders of the seeds, and of files of targets.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/fuzz").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Checks every seed and seeded changes of them; `slower` times fewer of what costs more.
fn replay(target: &str, slower: usize, check: fn(&[u8])) {
    let seeds: Vec<Vec<u8>> =
        files(&format!("seeds/{target}")).iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{target} has no seed");
    seeds.iter().for_each(|seed| check(seed));
    let asked = std::env::var(CHANGES_VARIABLE).map_or(CHANGES, |text| text.parse().expect("a number of changes"));
    // The short run is the same each time; a long one begins elsewhere each time, and says where.
    let mut rng = if asked == CHANGES { Rng::new(20) } else { Rng::from_env() };
    for number in 0..asked / slower {
        let input = changed(&seeds, &mut rng);
        let result = std::panic::catch_unwind(|| check(&input));
        if let Err(panic) = result {
            let kept = std::env::temp_dir().join(format!("telltale-fuzz-{target}"));
            std::fs::write(&kept, &input).unwrap();
            eprintln!("{target}: change {number} breaks the property; the input is {}", kept.display());
            std::panic::resume_unwind(panic);
        }
    }
}

/// One of the seeds with a few changes: bits, bytes, cuts, repetitions, and parts of another seed.
fn changed(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut pick = |count: usize| usize::try_from(rng.range(0, count.max(1) as u64)).unwrap();
    let mut bytes = seeds[pick(seeds.len())].clone();
    for _ in 0..=pick(4) {
        let (at, length) = (pick(bytes.len()), 1 + pick(16));
        let end = (at + length).min(bytes.len());
        let odd = [0, 1, 0x22, 0x27, 0x28, 0x5c, 0x7b, 0x7f, 0x80, 0xc3, 0xff][pick(11)];
        match pick(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << pick(8),
            1 if !bytes.is_empty() => bytes[at] = odd,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, std::iter::repeat_n(odd, length))),
            5 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            6 => {
                let other = &seeds[pick(seeds.len())];
                let from = pick(other.len());
                let part = other[from..(from + length * 4).min(other.len())].to_vec();
                drop(bytes.splice(at..end, part));
            }
            _ => bytes[at..end].fill(odd),
        }
    }
    bytes
}

#[test]
fn every_fuzz_target_has_seeds_and_is_replayed() {
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let targets: Vec<_> = files("fuzz_targets").iter().map(name).collect();
    assert_eq!(files("seeds").iter().map(name).collect::<Vec<_>>(), targets);
    let (own, manifest) = (include_str!("fuzz.rs"), include_str!("../fuzz/Cargo.toml"));
    let readme = include_str!("../fuzz/README.md");
    for target in targets {
        assert!(own.contains(&format!("replay(\"{target}\"")), "{target} is not replayed");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target} is not built");
        assert!(readme.contains(&format!("| `{target}` |")), "{target} is not described");
    }
}

#[test]
fn any_request_in_protobuf_is_decoded_or_refused() {
    replay("decode", 1, decode::check);
    replay("repair", 1, repair::check);
}

#[test]
fn any_request_in_json_is_decoded_or_refused() {
    replay("json", 1, json::check);
}

#[test]
fn any_text_for_a_person_is_read_or_refused() {
    replay("resolve", 4, resolve::check);
    replay("plan", 1, plan::check);
    replay("redact", 4, redact::check);
}

#[test]
fn any_query_is_parsed_or_refused() {
    replay("promql", 1, promql::check);
    replay("search", 1, search::check);
}

#[test]
fn any_file_from_elsewhere_is_read_or_refused() {
    replay("open", 1, open::check);
    replay("junit", 1, junit::check);
    replay("prometheus", 1, prometheus::check);
}

#[test]
fn any_log_file_is_read_to_its_end() {
    replay("wal", 2, wal::check);
}

/// Scenario: a file of a segment is changed and its checksum made right, as in an artifact from an enemy.
#[test]
fn any_segment_with_right_checksums_is_read_or_refused() {
    replay("segment", 10, segment::check);
}
