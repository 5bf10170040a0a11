//! Scenario: artifacts of ours, and zips of an attacker. Guarantees: what was written is read back; nothing leaves the
//! folder, nothing grows without bound, and every refusal says which entry.

use std::io::{Cursor, Write as _};
use std::path::Path;

use proptest::prelude::*;
use telltale_signals::results::{Results, RunFacts};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::read::{OpenError, open, results, unpack};
use super::write::{Contents, write};

fn contents<'a>(results: &'a Results, store: &'a Path) -> Contents<'a> {
    Contents {
        results,
        schema: telltale_signals::schema::Schema::default(),
        expectations: None,
        junit: &[],
        output: None,
        attachments: &[],
        store,
    }
}

#[test]
fn what_is_written_is_read_back_from_the_file_and_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    std::fs::create_dir_all(store.join("segments/spans/0000000001")).unwrap();
    std::fs::write(store.join("FORMAT"), "1\n").unwrap();
    std::fs::write(store.join("segments/spans/0000000001/data.parquet"), vec![7; 100_000]).unwrap();
    std::fs::write(store.join("LOCK"), "").unwrap();
    let facts = RunFacts { name: "main@1".into(), ..RunFacts::default() };
    let original = Results { version: 1, run: facts, ..Results::default() };
    let path = folder.path().join("deep/run.telltale");
    let size = write(&path, &contents(&original, &store)).unwrap();
    assert_eq!(size, std::fs::metadata(&path).unwrap().len());
    assert_eq!(results(&path).unwrap(), original);
    let opened = open(&path).unwrap();
    assert_eq!((opened.manifest.name.as_str(), &opened.results), ("main@1", &original));
    let data = opened.store().join("segments/spans/0000000001/data.parquet");
    assert_eq!(std::fs::read(&data).unwrap(), vec![7; 100_000]);
    assert!(!opened.store().join("LOCK").exists());
    // The folder that the file was unpacked into opens as well, and stays as it is.
    let again = open(opened.folder.path()).unwrap();
    std::fs::remove_dir_all(again.store()).unwrap();
    assert!(data.exists());
}

fn zip(entries: &[(&str, &[u8])], method: CompressionMethod) -> Cursor<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap()
}

fn refused(entries: &[(&str, &[u8])], method: CompressionMethod) -> String {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let error = unpack(zip(entries, method), &inside).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was written outside");
    assert!(matches!(error, OpenError::Unsafe(_)), "{error}");
    error.to_string()
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../evil", "store/../../evil", "/etc/evil", "C:\\evil", "a\\..\\evil", "store/./../x/../../evil"] {
        assert!(refused(&[(name, b"x")], CompressionMethod::Stored).contains("leads out"), "{name}");
    }
}

#[test]
fn bombs_and_links_are_refused() {
    let bomb = vec![0; 64 * 1024 * 1024];
    let error = refused(&[("store/bomb", &bomb)], CompressionMethod::Deflated);
    assert!(error.contains("store/bomb") && error.contains("times its size"), "{error}");
    let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
    linked.add_symlink("store/link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = unpack(linked.finish().unwrap(), folder.path()).unwrap_err();
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
}

#[test]
fn what_is_no_artifact_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.telltale");
    assert!(matches!(open(&path), Err(OpenError::Missing(_))));
    std::fs::write(&path, "hello").unwrap();
    assert!(matches!(open(&path), Err(OpenError::Zip(_))));
    std::fs::write(&path, zip(&[("a", b"b")], CompressionMethod::Stored).into_inner()).unwrap();
    assert!(open(&path).unwrap_err().to_string().contains("manifest.json"));
    assert!(results(&path).unwrap_err().to_string().contains("results.json"));
    std::fs::write(&path, zip(&[("manifest.json", b"{\"format\":2,\"telltale\":\"9\",\"name\":\"\",\"run_id\":\"\",\"created_unix_nano\":0,\"attributes\":[],\"counts\":{\"spans\":0,\"traces\":0,\"logs\":0,\"series\":0,\"services\":[]}}")], CompressionMethod::Stored).into_inner()).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Newer { found: 2 })));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let folder = tempfile::tempdir().unwrap();
        drop(unpack(Cursor::new(bytes), folder.path()));
        let mut whole = zip(&[("store/a", b"some bytes")], CompressionMethod::Deflated).into_inner();
        whole.truncate(cut.min(whole.len()));
        drop(unpack(Cursor::new(whole), folder.path()));
    }
}
