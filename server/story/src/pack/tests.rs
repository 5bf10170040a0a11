//! Scenario: traces of any shape, packed and read back in pieces of any size.
//! Guarantees: nothing is lost or changed, rows are in drawing order, broken packs are refused and never crash a reader.

use proptest::prelude::*;
use telltale_api::trace::{ExemplarRow, LinkRow, LogRow, ScopeView, SpanRow, TraceView, ValueType};
use telltale_api::{Nanos, SignedNanos};

use super::{Details, MAGIC, Reader, Structure, write};
use crate::critical_path::critical_path;
use crate::story::Analysis;
use crate::testing::{BASE, attribute, log, span, view};

fn pack(view: &TraceView) -> Vec<u8> {
    write(view, &Analysis::new(view))
}

fn read(bytes: &[u8], piece: usize) -> (Structure, Details) {
    let mut reader = Reader::new();
    let mut structure = None;
    for piece in bytes.chunks(piece.max(1)) {
        if let Some(whole) = reader.push(piece).unwrap() {
            assert!(structure.replace(whole).is_none(), "the structure comes once");
        }
    }
    ((*structure.unwrap()).clone(), reader.finish().unwrap())
}

fn spans_of(structure: &Structure, details: &Details) -> Vec<SpanRow> {
    (0..u32::try_from(structure.rows.len()).unwrap()).filter_map(|row| details.span(structure, row)).collect()
}

fn sorted(mut spans: Vec<SpanRow>) -> Vec<String> {
    spans.sort_by_key(|span| format!("{span:?}"));
    spans.iter().map(|span| format!("{span:?}")).collect()
}

prop_compose! {
    fn any_span()(
        id in 1_u64..40, parent in 0_u64..45, name in "[a-c]{0,2}", service in proptest::option::of("[x-y]{0,1}"),
        (start, duration) in (0_u64..1_000, -50_i64..1_000), (kind, status) in (-1_i32..8, 0_i32..3),
        attributes in proptest::collection::vec(("[k-m]", "[a-f]{0,3}"), 0..4), extra in 0_u32..4,
    ) -> SpanRow {
        let mut row = span(&name, id, parent).at(start, duration).kind(kind).row();
        row.service_name = service;
        row.status_code = status;
        row.status_message = if status == 2 { format!("failed {extra}") } else { String::new() };
        row.attributes = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
        row.attributes.iter_mut().for_each(|a| if a.key == "m" { a.value_type = ValueType::Map });
        row.flags = extra;
        row.dropped_events_count = extra;
        row.trace_state = "a=b".repeat(usize::try_from(extra % 2).unwrap());
        for number in 0..extra {
            row.events.push(telltale_api::trace::EventRow {
                time_unix_nano: Nanos(BASE + u64::from(number) * 7),
                name: if number == 1 { "exception".into() } else { "retry".into() },
                attributes: vec![attribute("n", &number.to_string())],
                dropped_attributes_count: number,
            });
            row.links.push(LinkRow { trace_id: "0a".repeat(16), span_id: format!("{number:016x}"), ..LinkRow::default() });
        }
        row
    }
}

prop_compose! {
    fn any_view()(
        spans in proptest::collection::vec(any_span(), 0..60),
        logs in proptest::collection::vec((0_u64..900, 0_i32..25, "[a-e ]{0,6}", 0_u64..45), 0..20),
    ) -> TraceView {
        let logs = logs.into_iter().map(|(at, severity, body, id)| LogRow {
            attributes: vec![attribute("from", &body)],
            ..log(at, severity, &body, "x", id)
        });
        let mut view = view(spans, logs.collect());
        view.logs.sort_by_key(|log| log.time_unix_nano);
        view.scopes.push(ScopeView { name: "lib".into(), version: "1".into(), ..ScopeView::default() });
        view.exemplars.push(ExemplarRow {
            metric: "m".into(), unit: "s".into(), value: "1.5".into(), time_unix_nano: Nanos(BASE + 3),
            span_id: Some("0000000000000001".into()), service_name: None,
        });
        view
    }
}

proptest! {
    #[test]
    fn what_is_packed_is_read_back(view in any_view(), piece in 1_usize..5_000) {
        let (structure, details) = read(&pack(&view), piece);
        prop_assert_eq!(sorted(spans_of(&structure, &details)), sorted(view.spans.clone()));
        let mut walked = Vec::new();
        details.for_each_span(&structure, |_, span| { walked.push(span.clone()); true });
        prop_assert_eq!(walked, spans_of(&structure, &details));
        let logs: Vec<LogRow> = (0..u32::try_from(view.logs.len()).unwrap()).filter_map(|at| details.log(&structure, at)).collect();
        prop_assert_eq!(&logs, &view.logs);
        prop_assert_eq!(&structure.exemplars, &view.exemplars);
        prop_assert_eq!((&structure.resources, &structure.scopes), (&view.resources, &view.scopes));
    }

    #[test]
    fn rows_are_in_drawing_order_and_errors_are_marked(view in any_view()) {
        let (structure, details) = read(&pack(&view), usize::MAX);
        for row in 0..u32::try_from(structure.rows.len()).unwrap() {
            let depth = structure.rows.depth[usize::try_from(row).unwrap()];
            match structure.rows.parent(row) {
                None => prop_assert_eq!(depth, 0),
                Some(parent) => {
                    prop_assert!(parent < row && row < structure.rows.end(parent));
                    prop_assert_eq!(structure.rows.depth[usize::try_from(parent).unwrap()] + 1, depth);
                }
            }
            let Some(span) = details.span(&structure, row) else { continue };
            prop_assert_eq!(structure.rows.is_error(row), span.status_code == 2);
            prop_assert_eq!(structure.rows.has_links(row), !span.links.is_empty());
            let events: Vec<u64> = structure.events_of(row).map(|at| structure.unix_nano(structure.events.time_ns[at])).collect();
            prop_assert_eq!(events, span.events.iter().map(|event| event.time_unix_nano.0).collect::<Vec<_>>());
        }
        let missing = (0..u32::try_from(structure.rows.len()).unwrap()).filter(|row| structure.rows.is_missing(*row)).count();
        prop_assert_eq!(structure.rows.len(), view.spans.len() + missing);
    }

    #[test]
    fn the_critical_path_names_the_rows_of_its_spans(view in any_view()) {
        let analysis = Analysis::new(&view);
        let (structure, _details) = read(&pack(&view), usize::MAX);
        let expected = analysis.root.map(|root| critical_path(&view.spans, &analysis.tree, root)).unwrap_or_default();
        let told: Vec<(String, u64)> = structure.path.iter().map(|piece| (structure.id_hex(piece.row), piece.length_ns)).collect();
        let expected: Vec<(String, u64)> = expected.iter()
            .map(|piece| (view.spans[usize::try_from(piece.span).unwrap()].span_id.clone(), piece.end_unix_nano - piece.start_unix_nano))
            .collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn a_text_is_found_wherever_it_stands(view in any_view(), needle in "[a-m]{1,3}") {
        let (structure, details) = read(&pack(&view), usize::MAX);
        let found = details.find(&structure, &needle.to_uppercase()).unwrap();
        let has = |text: &str| text.to_lowercase().contains(&needle);
        let attributes = |list: &[telltale_api::trace::AttributeRow]| list.iter().any(|a| has(&a.key) || has(&a.value));
        let mut rows = Vec::new();
        let logs: Vec<u32> = (0_u32..).zip(&view.logs)
            .filter(|(_, log)| has(&log.body) || attributes(&log.attributes) || log.service_name.as_deref().is_some_and(has))
            .map(|(at, _)| at).collect();
        details.for_each_span(&structure, |row, span| {
            let own = has(&span.name) || span.service_name.as_deref().is_some_and(has) || has(&span.status_message)
                || attributes(&span.attributes) || has(&span.trace_state)
                || span.events.iter().any(|event| has(&event.name) || attributes(&event.attributes))
                || span.links.iter().any(|link| has(&link.trace_id) || has(&link.span_id));
            let logged = logs.iter().any(|log| structure.logs.row[usize::try_from(*log).unwrap()] == row + 1);
            if own || logged { rows.push(row); }
            true
        });
        prop_assert_eq!(found.logs, logs);
        prop_assert_eq!(found.rows, rows);
    }

    #[test]
    fn a_pack_that_is_cut_or_changed_never_crashes_the_reader(view in any_view(), cut in 0.0..1.0_f64, at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let whole = pack(&view);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place inside a small vector")]
        let end = (whole.len() as f64 * cut) as usize;
        let mut reader = Reader::new();
        prop_assert!(reader.push(&whole[..end]).is_ok());
        prop_assert!(reader.finish().is_err(), "cut after {} of {}", end, whole.len());
        let mut changed = whole;
        let at = at.index(changed.len());
        changed[at] = with;
        let mut reader = Reader::new();
        if let Ok(Some(structure)) = reader.push(&changed)
            && let Ok(details) = reader.finish()
        {
            let _spans = spans_of(&structure, &details);
            let _found = details.find(&structure, "a");
            details.for_each_log(&structure, |_, _| {});
        }
    }
}

#[test]
fn spans_of_a_missing_parent_stand_together_below_it() {
    let view = view(
        vec![
            span("lost one", 1, 99).at(0, 10).row(),
            span("root", 2, 0).at(1, 10).row(),
            span("lost two", 3, 99).at(2, 10).row(),
            span("child", 4, 2).at(3, 1).row(),
        ],
        vec![],
    );
    let (structure, details) = read(&pack(&view), usize::MAX);
    let shown: Vec<(String, u32, bool)> = (0..5)
        .map(|row| {
            (
                structure.name(row).to_owned(),
                structure.rows.depth[usize::try_from(row).unwrap()],
                structure.rows.is_missing(row),
            )
        })
        .collect();
    let expected =
        [("", 0, true), ("lost one", 1, false), ("lost two", 1, false), ("root", 0, false), ("child", 1, false)];
    assert_eq!(shown, expected.map(|(name, depth, missing)| (name.to_owned(), depth, missing)));
    assert_eq!(structure.id_hex(0), "0000000000000063");
    assert_eq!(details.span(&structure, 0), None);
    assert_eq!(details.span(&structure, 2).unwrap().parent_span_id.as_deref(), Some("0000000000000063"));
    assert_eq!(structure.row_of_hex("0000000000000003"), Some(2));
}

#[test]
fn large_numbers_survive() {
    let mut wild = span("wild", u64::MAX, 0).row();
    wild.start_unix_nano = Nanos(u64::MAX);
    wild.duration_ns = SignedNanos(i64::MIN);
    let mut unknown = span("unknown time", 2, 0).row();
    unknown.start_unix_nano = Nanos(0);
    let view = view(vec![wild, unknown, span("usual", 3, 0).ms(1, 5).row()], vec![]);
    let (structure, details) = read(&pack(&view), 7);
    assert_eq!(sorted(spans_of(&structure, &details)), sorted(view.spans));
}

#[test]
fn what_is_no_pack_is_said_to_be_none() {
    assert!(Reader::new().push(b"{\"spans\":[]} and more").is_err());
    let mut reader = Reader::new();
    reader.push(MAGIC).unwrap();
    assert!(reader.push(&[3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).is_err());
    let mut newer = pack(&view(vec![span("a", 1, 0).row()], vec![]));
    newer.splice(MAGIC.len()..MAGIC.len(), [200, 3, 1, 2, 3]);
    assert_eq!(read(&newer, 3).0.rows.len(), 1, "a section of the future is passed over");
}

/// Blocks end inside a trace, and each row's details are in one of them.
#[test]
fn many_rows_are_in_several_blocks() {
    let spans = (1..=5_000).map(|id| span("op", id, id / 3).at(id, 5).with("number", &id.to_string()).row()).collect();
    let logs = (0..2_500).map(|at| log(at, 9, &format!("line {at}"), "x", at)).collect();
    let view = view(spans, logs);
    let (structure, details) = read(&pack(&view), 10_000);
    assert_eq!(details.spans.len(), 3);
    assert_eq!(details.logs.len(), 3);
    for id in [1_u64, 2_049, 5_000] {
        let row = structure.row_of_id(id).unwrap();
        assert_eq!(details.span(&structure, row).unwrap().attributes[0].value, id.to_string());
    }
    assert_eq!(details.log(&structure, 2_499).unwrap().body, "line 2499");
    assert_eq!(details.find(&structure, "line 2499").unwrap().logs, [2_499]);
}
