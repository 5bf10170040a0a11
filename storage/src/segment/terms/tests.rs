//! The index of values: what stands in a row is found in its page, and a damaged file is noticed.

use proptest::prelude::*;

use super::*;
use crate::decode;
use crate::segment::attributes::AttributeList;
use crate::testing::{TestSpan, logs, trace_id, traces};
use telltale_model::{SignalKind, UnixNanos};

fn batch(signal: SignalKind, payload: &[u8], table: Table) -> RecordBatch {
    let decoded = decode::decode(signal, &payload.to_vec().into(), UnixNanos(7)).unwrap();
    decoded.batches.into_iter().find(|(of, _)| *of == table).unwrap().1
}

fn spans(count: u32) -> RecordBatch {
    let spans: Vec<_> = (0..count).map(|id| TestSpan::new(1, id)).collect();
    batch(SignalKind::Traces, &traces(&spans), Table::Spans)
}

fn push(builder: &mut TermsBuilder, batch: &RecordBatch) {
    builder.push(batch, &[AttributeList::of(batch).unwrap().rows()]).unwrap();
}

fn open(bytes: &[u8], rows: u64) -> Result<Terms, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("terms.bin");
    std::fs::write(&path, bytes).unwrap();
    Terms::open(File::open(&path).unwrap(), &path, rows)
}

fn holds(found: &[Range<u64>], row: u64) -> bool {
    found.iter().any(|rows| rows.contains(&row))
}

/// Scenario: spans with a number, a text and a resource, more than a bundle of them, in batches of any size.
#[test]
fn every_value_and_span_id_is_found_in_its_page_and_few_others() {
    let count = u32::try_from(TERM_PAGE_ROWS * (TERM_BUNDLE_PAGES + 2) + 5).unwrap();
    let all = spans(count);
    let mut builder = TermsBuilder::new(Table::Spans, false);
    let mut start = 0;
    for length in [1, 7, 5_000, 100_000].into_iter().cycle() {
        let length = length.min(all.num_rows() - start);
        push(&mut builder, &all.slice(start, length));
        start += length;
        if start == all.num_rows() {
            break;
        }
    }
    assert!(builder.memory_bytes() > 1_000);
    let terms = open(&builder.finish(), u64::from(count)).unwrap();
    let mut rows = 0;
    for id in (0..count).step_by(997).chain([count - 1]) {
        let row = u64::from(id);
        for found in [
            terms.rows_of(Kind::Value, id.to_string().as_bytes()).unwrap(),
            terms.rows_of(Kind::Value, format!("value {id}").as_bytes()).unwrap(),
            terms.rows_of(Kind::Span, &[&[1; 4], &id.to_be_bytes()[..]].concat()).unwrap(),
        ] {
            assert!(holds(&found, row), "{id}: {found:?}");
            rows += found.iter().map(|rows| rows.end - rows.start).sum::<u64>();
        }
    }
    let questions = (u64::from(count) / 997 + 2) * 3;
    assert!(rows < questions * TERM_PAGE_ROWS as u64 * 2, "{rows} rows for {questions} questions");
    let everywhere = terms.rows_of(Kind::Value, b"service-1").unwrap();
    assert_eq!(everywhere, std::iter::once(0..u64::from(count)).collect::<Vec<_>>());
    assert!(
        terms.rows_of(Kind::Value, b"value").unwrap().iter().map(|rows| rows.end - rows.start).sum::<u64>() < 20_000
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_cut_or_foreign_file_is_refused(count in 1_u32..50, at in any::<prop::sample::Index>()) {
        let mut builder = TermsBuilder::new(Table::Spans, false);
        push(&mut builder, &spans(count));
        let bytes = builder.finish();
        prop_assert!(open(&bytes, u64::from(count)).is_ok());
        prop_assert!(open(&bytes, u64::from(count) + TERM_PAGE_ROWS as u64).is_err());
        prop_assert!(open(&bytes[..at.index(bytes.len())], u64::from(count)).is_err());
    }
}

#[test]
fn logs_have_their_attributes_and_span_ids() {
    let rows = batch(SignalKind::Logs, &logs(&[(5, "body", Some(1)), (6, "other", None)]), Table::Logs);
    for has_words in [false, true] {
        let mut builder = TermsBuilder::new(Table::Logs, has_words);
        push(&mut builder, &rows);
        let terms = open(&builder.finish(), 2).unwrap();
        let both: Vec<_> = std::iter::once(0..2).collect();
        assert_eq!(terms.rows_of(Kind::Value, b"value 7").unwrap(), both);
        assert_eq!(terms.rows_of(Kind::Span, &[1; 8]).unwrap(), both);
        assert!(terms.rows_of(Kind::Value, b"body").unwrap().is_empty());
        let of_words = if has_words { both } else { Vec::new() };
        assert_eq!(terms.rows_of(Kind::Word, b"body").unwrap(), of_words);
        assert_eq!(terms.rows_of(Kind::Trace, &trace_id(1)).unwrap(), of_words);
    }
}

/// Scenario: log records with words of their own and words that all have, more than two pages of them, in batches of any size.
#[test]
fn every_word_and_trace_id_of_a_record_is_found_in_its_page_and_few_others() {
    let count = u64::try_from(TERM_PAGE_ROWS * 2 + 77).unwrap();
    let bodies: Vec<String> = (0..count).map(|at| format!("Order-{at} ACCEPTED")).collect();
    let records: Vec<_> = (0..count).zip(&bodies).map(|(at, body)| (at, body.as_str(), Some(1))).collect();
    let all = batch(SignalKind::Logs, &logs(&records), Table::Logs);
    let mut builder = TermsBuilder::new(Table::Logs, true);
    for (start, length) in [(0, 1), (1, 5_000), (5_001, all.num_rows() - 5_001)] {
        push(&mut builder, &all.slice(start, length));
    }
    let terms = open(&builder.finish(), count).unwrap();
    let everywhere: Vec<_> = std::iter::once(0..count).collect();
    for word in ["order", "accepted"] {
        assert_eq!(terms.rows_of(Kind::Word, word.as_bytes()).unwrap(), everywhere);
    }
    assert_eq!(terms.rows_of(Kind::Trace, &trace_id(1)).unwrap(), everywhere);
    assert!(terms.rows_of(Kind::Trace, &trace_id(2)).unwrap().is_empty());
    let mut rows = 0;
    for at in 0..count {
        let found = terms.rows_of(Kind::Word, at.to_string().as_bytes()).unwrap();
        assert!(holds(&found, at), "{at}: {found:?}");
        rows += found.iter().map(|rows| rows.end - rows.start).sum::<u64>();
    }
    let page = TERM_PAGE_ROWS as u64;
    assert!(rows < count * page * 11 / 10, "{} of {count} words in a page too many", rows / page - count);
    assert!(terms.rows_of(Kind::Word, b"refused").unwrap().is_empty());
}
