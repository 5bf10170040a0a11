//! Recovery of the log: order, gaps, damage.

use std::sync::Arc;

use bytes::Bytes;
use telltale_model::{SignalKind, UnixNanos};

use super::*;
use crate::clock::ManualClock;
use crate::io::{Fault, FaultyDisk, Operation, RealDisk};
use crate::storage::AckMode;
use crate::testing::folder;
use crate::wal::{CommitError, FILE_HEADER_BYTES, RECORD_HEADER_BYTES, Staged, Writer};

struct Rig {
    _folder: tempfile::TempDir,
    wal: PathBuf,
    quarantine: PathBuf,
    disk: FaultyDisk,
}

impl Rig {
    fn new() -> Self {
        let folder = folder();
        let (wal, quarantine) = (folder.path().join("wal"), folder.path().join("quarantine"));
        for path in [&wal, &quarantine] {
            std::fs::create_dir(path).unwrap();
        }
        let disk = FaultyDisk::new(&folder.path().join("trash"), 3);
        Self { _folder: folder, wal, quarantine, disk }
    }

    fn writer(&self, found: &Recovered, file_bytes: u64) -> Writer {
        let clock = Arc::new(ManualClock::new(UnixNanos(1)));
        let settings = (AckMode::Fsync, file_bytes);
        Writer::new(Arc::new(self.disk.clone()), clock, &self.wal, settings, found.last_lsn, found.files.clone())
    }

    fn recover(&self, flushed_lsn: u64) -> (Recovered, Vec<(u64, Bytes)>) {
        let mut records = Vec::new();
        let found = recover(&RealDisk, &self.wal, &self.quarantine, flushed_lsn, |record| {
            records.push((record.lsn, record.payload));
            Ok(())
        });
        (found.unwrap(), records)
    }
}

fn write(writer: &mut Writer, payload: &[u8]) -> Result<u64, CommitError> {
    loop {
        match writer.stage(SignalKind::Logs, UnixNanos(5), &Bytes::copy_from_slice(payload)) {
            Staged::Lsn(lsn) => return writer.commit().map(|()| lsn),
            Staged::FileFull => {
                writer.commit()?;
                writer.seal();
            }
        }
    }
}

#[test]
fn records_come_back_in_order_over_many_files_and_numbers_go_on() {
    let rig = Rig::new();
    let mut writer = rig.writer(&Recovered::default(), 200);
    for index in 0..20_u8 {
        write(&mut writer, &vec![index; usize::from(index) * 20]).unwrap();
    }
    let (found, records) = rig.recover(0);
    assert_eq!(records.len(), 20);
    assert!(
        records.iter().zip(0_u8..).all(|((lsn, payload), index)| {
            *lsn == u64::from(index) + 1 && payload.iter().all(|byte| *byte == index)
        })
    );
    assert!(found.files.len() > 5 && found.damage.is_empty());
    assert_eq!(write(&mut rig.writer(&found, 200), b"next").unwrap(), 21);
    assert_eq!(rig.recover(15).1.first().unwrap().0, 16);
}

#[test]
fn files_whose_records_are_flushed_are_deleted_and_a_resurrected_one_repeats_nothing() {
    let rig = Rig::new();
    let mut writer = rig.writer(&Recovered::default(), 100);
    for _ in 0..6 {
        write(&mut writer, &[7; 30]).unwrap();
    }
    let before = RealDisk.list(&rig.wal).unwrap();
    writer.remove_flushed(4).unwrap();
    assert_eq!(RealDisk.list(&rig.wal).unwrap(), before[4..]);
    // The removal was not synced: the files are back after the power cut.
    rig.disk.crash();
    assert_eq!(RealDisk.list(&rig.wal).unwrap(), before);
    let (found, records) = rig.recover(4);
    assert_eq!((found.replayed, records[0].0), (2, 5));
}

#[test]
fn a_torn_group_is_passed_over_silently_and_damage_to_committed_records_is_named_and_kept() {
    let rig = Rig::new();
    let mut writer = rig.writer(&Recovered::default(), 10_000);
    let staged =
        [b'a', b'b', b'c'].map(|byte| writer.stage(SignalKind::Logs, UnixNanos(1), &Bytes::from(vec![byte; 60])));
    assert_eq!(staged, [Staged::Lsn(1), Staged::Lsn(2), Staged::Lsn(3)]);
    writer.commit().unwrap();
    let path = RealDisk.list(&rig.wal).unwrap().remove(0);
    let intact = std::fs::read(&path).unwrap();
    let second = FILE_HEADER_BYTES + RECORD_HEADER_BYTES + 60 + RECORD_HEADER_BYTES;
    let mut torn = intact.clone();
    torn[second] ^= 1;
    std::fs::write(&path, &torn).unwrap();
    // Written as one group: nobody was promised the second, or the process died before the promise.
    let (found, records) = rig.recover(0);
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 3]);
    assert!(found.damage.is_empty());
    // A later process goes on behind the gap and is no witness of it.
    write(&mut rig.writer(&found, 10_000), b"after the restart").unwrap();
    let (found, records) = rig.recover(0);
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 3, 4]);
    assert!(found.damage.is_empty());
    std::fs::remove_file(RealDisk.list(&rig.wal).unwrap().remove(1)).unwrap();

    std::fs::write(&path, &intact).unwrap();
    write(&mut writer, b"later").unwrap();
    let mut damaged = std::fs::read(&path).unwrap();
    damaged[second] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let (found, records) = rig.recover(0);
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 3, 4]);
    assert!(found.damage[0].contains("appends 2 to 2 are lost"), "{:?}", found.damage);
    assert_eq!(std::fs::read(rig.quarantine.join(path.file_name().unwrap())).unwrap(), damaged);
}

#[test]
fn a_missing_file_in_the_middle_is_named() {
    let rig = Rig::new();
    let mut writer = rig.writer(&Recovered::default(), 100);
    for _ in 0..3 {
        write(&mut writer, &[7; 30]).unwrap();
    }
    std::fs::remove_file(&RealDisk.list(&rig.wal).unwrap()[1]).unwrap();
    let (found, records) = rig.recover(0);
    assert_eq!(records.len(), 2);
    assert!(found.damage[0].contains("appends 2 to 2 are lost"), "{:?}", found.damage);
}

#[test]
fn a_full_disk_refuses_the_group_and_the_next_one_takes_its_numbers() {
    for (operation, fault) in [
        (Operation::Create, Fault::Full),
        (Operation::Preallocate, Fault::Full),
        (Operation::Write, Fault::Full),
        (Operation::Write, Fault::ShortWrite),
    ] {
        for acknowledged_before in [0, 1] {
            let rig = Rig::new();
            let mut writer = rig.writer(&Recovered::default(), 120);
            let mut expected = Vec::new();
            for _ in 0..acknowledged_before {
                expected.push(write(&mut writer, b"first").unwrap());
            }
            rig.disk.fail_operation(operation, 0, fault);
            let long = [1; 100];
            let refused = write(&mut writer, &long);
            let is_refused = matches!(&refused, Err(CommitError::Refused(Error::DiskFull { .. })));
            assert!(is_refused, "{operation:?} {fault:?} after {acknowledged_before}: {refused:?}");
            expected.push(write(&mut writer, b"second").unwrap());
            assert_eq!(expected, (1..=expected.len() as u64).collect::<Vec<_>>());
            let (found, records) = rig.recover(0);
            assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), expected);
            assert_eq!(records.last().unwrap().1, Bytes::from_static(b"second"));
            assert!(found.damage.is_empty());
        }
    }
}

#[test]
fn a_failed_sync_and_a_failed_device_poison() {
    for operation in [Operation::Sync, Operation::SyncDir, Operation::Write] {
        let rig = Rig::new();
        let mut writer = rig.writer(&Recovered::default(), 1_000);
        rig.disk.fail_operation(operation, 0, Fault::Io);
        let result = write(&mut writer, b"never");
        assert!(matches!(result, Err(CommitError::Poisoned(_))), "{operation:?}: {result:?}");
    }
}

#[test]
fn a_power_cut_at_any_call_loses_nothing_that_was_committed() {
    for call in 1..60 {
        let rig = Rig::new();
        let mut writer = rig.writer(&Recovered::default(), 300);
        rig.disk.fail_at(call, Fault::Crash);
        let mut acknowledged = 0;
        for index in 1..=20_u8 {
            match write(&mut writer, &[index; 50]) {
                Ok(lsn) => acknowledged = lsn,
                Err(_) => break,
            }
        }
        let (found, records) = rig.recover(0);
        assert!(found.last_lsn >= acknowledged, "call {call}: {} < {acknowledged}", found.last_lsn);
        assert!(found.damage.is_empty(), "call {call}: {:?}", found.damage);
        for ((lsn, payload), index) in records.iter().zip(1_u8..) {
            assert_eq!((*lsn, payload.as_ref()), (u64::from(index), [index; 50].as_slice()), "call {call}");
        }
    }
}
