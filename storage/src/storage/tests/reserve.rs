//! Scenario: a disk that somebody else fills while no server runs, then empties. Guarantees: 16 MiB are set aside while there is room
//! and given back by a start without any; what was acknowledged is there; the room is set aside again; a store that may fill the disk to
//! its last byte sets nothing aside.

use super::*;
use crate::limits::RESERVE_BYTES;

#[test]
fn a_start_on_a_full_disk_uses_the_room_set_aside_and_sets_it_aside_again() {
    runtime().block_on(async {
        let folder = folder();
        let path = folder.path().join("data/RESERVE");
        let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
        let with = |free: u64| {
            disk.set_free_bytes(Some(free));
            let mut options = options(folder.path());
            options.limits.free_bytes_min = 1 << 20;
            options.disk = Arc::new(disk.clone());
            options
        };
        let storage = Storage::open(with(1 << 30)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), RESERVE_BYTES);
        append(&storage, 1).await.unwrap();
        drop(storage);

        let storage = Storage::open(with(0)).unwrap();
        assert!(!path.exists(), "the room is given back before anything is written");
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
        storage.maintain().await.ok();
        assert!(!path.exists(), "there is still no room");
        disk.set_free_bytes(Some(1 << 30));
        storage.maintain().await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), RESERVE_BYTES);
        storage.close().await.unwrap();

        // Little room, but enough to start: nothing is given back.
        let storage = Storage::open(with(RESERVE_BYTES)).unwrap();
        assert!(path.exists());
        assert_eq!(span_counts(&storage.snapshot()), once([1]));
    });
}

#[test]
fn a_room_that_cannot_be_set_aside_is_no_reason_to_refuse() {
    runtime().block_on(async {
        for fault in [Fault::Io, Fault::Full] {
            let folder = folder();
            let disk = FaultyDisk::new(&folder.path().join("trash"), 1);
            let mut options = options(folder.path());
            options.limits.free_bytes_min = 1 << 20;
            options.disk = Arc::new(disk.clone());
            disk.set_free_bytes(Some(1 << 30));
            disk.fail_operation(Operation::Preallocate, 0, fault);
            let storage = Storage::open(options).unwrap();
            assert!(!folder.path().join("data/RESERVE").exists(), "{fault:?}");
            append(&storage, 1).await.unwrap();
            assert_eq!(span_counts(&storage.snapshot()), once([1]));
        }
    });
}

#[test]
fn nothing_is_set_aside_where_the_disk_may_be_filled() {
    let folder = folder();
    drop(Storage::open(options(folder.path())).unwrap());
    assert!(!folder.path().join("data/RESERVE").exists());
}
