//! The pure half of the search page: addresses, conditions, fields, rows and lines.

use proptest::prelude::*;
use telltale_api::Nanos;

use super::*;

fn row(number: u64) -> SearchRow {
    SearchRow { time_unix_nano: Nanos(number), ..SearchRow::default() }
}

#[test]
fn a_search_survives_its_address() {
    let all = Asked {
        query: "level>=warn \"a&b\" ü".into(),
        kind: Kind::Spans,
        from: Some("15m".into()),
        to: Some("1700000000000000000".into()),
        slowest: true,
    };
    for asked in [Asked::default(), all] {
        assert_eq!(Asked::of(&Place::of_url(&asked.place().url())), asked);
    }
    let odd = Asked::of(&Place::of_url("/search?kind=metrics&order=slowest&from=&q=%20x%20"));
    assert_eq!(odd, Asked { query: "x".into(), ..Asked::default() });
    let logs = Asked { slowest: true, ..Asked::default() };
    assert!(!logs.parameters().contains("order") && !logs.place().url().contains("order"), "logs have no duration");
}

#[test]
fn conditions_come_and_go() {
    assert_eq!(toggled("", "service=shop"), "service=shop");
    assert_eq!(toggled("timeout", "service=shop"), "timeout service=shop");
    assert_eq!(toggled("a or b", "service=shop"), "(a or b) service=shop");
    assert_eq!(toggled("(a or b) service=shop", "service=shop"), "a or b");
    assert_eq!(toggled("timeout service=shop level:warn", "service=shop"), "timeout level:warn");
    assert_eq!(toggled("service=shop2", "service=shop"), "service=shop2 service=shop", "a longer value is another one");
    assert_eq!(toggled("xservice=shop", "service=shop"), "xservice=shop service=shop");
    assert_eq!(negated("k=v"), "-k=v");
    assert_eq!(negated("-has:level"), "has:level");
}

#[test]
fn fields_have_conditions_that_find_them_again() {
    let attribute =
        |key: &str, value: &str| AttributeRow { key: key.into(), value: value.into(), value_type: ValueType::String };
    let row = SearchRow {
        service_name: Some("shop".into()),
        severity_number: Some(13),
        attributes: vec![attribute("http.route", "/a b"), attribute("level", "odd"), attribute("odd key", "5")],
        resource_attributes: vec![attribute("service.name", "shop"), attribute("http.route", "x")],
        ..SearchRow::default()
    };
    let conditions: Vec<String> = fields(&row, Kind::Logs).into_iter().map(|field| field.condition).collect();
    let expected =
        ["service=shop", "level=warn", "http.route=\"/a b\"", "@level=odd", "\"odd key\"=5", "resource.http.route=x"];
    assert_eq!(conditions, expected);
    for condition in conditions {
        assert_eq!(parse(&condition).problems, [], "{condition}");
    }
    assert_eq!(value_of(&row, Kind::Logs, "@level").as_deref(), Some("odd"));
    assert_eq!(value_of(&row, Kind::Logs, "absent"), None);
}

#[test]
fn positions_in_texts_are_those_of_the_browser() {
    let text = "aü支😀b";
    for (byte, units) in [(0, 0), (1, 1), (3, 2), (6, 3), (10, 5), (11, 6)] {
        assert_eq!((byte_of_units(text, units), units_of_byte(text, byte)), (byte, units));
    }
    assert_eq!(byte_of_units(text, 99), text.len());
}

#[test]
fn a_list_is_bounded_at_both_ends() {
    let mut buffer = Buffer::default();
    buffer.append((0..u64::try_from(ROWS_MAX).unwrap() + 7).map(row));
    assert_eq!((buffer.len(), buffer.is_full()), (ROWS_MAX, true));
    let number = buffer.number(2);
    buffer.prepend((0..5).map(row));
    assert_eq!((buffer.len(), buffer.place(number)), (ROWS_MAX, Some(7)));
    assert_eq!(buffer.at(0).map(|row| row.time_unix_nano.0), Some(4), "the newest is on top");
    let last = buffer.number(ROWS_MAX - 1);
    buffer.prepend([row(9)]);
    assert_eq!(buffer.place(last), None, "what was let go has no place");
}

/// Guarantees: a trace that grows keeps its row, its place and its number; new ones come on top; the list stays bounded.
#[test]
fn a_trace_that_grows_stays_one_row_in_its_place() {
    let trace = |id: usize, spans: u64| SearchRow { trace_id: Some(format!("{id:032x}")), ..row(spans) };
    let mut buffer = Buffer::default();
    buffer.append([trace(2, 1), trace(1, 1)]);
    let (two, one) = (buffer.number(0), buffer.number(1));
    buffer.renew([trace(1, 5), trace(3, 1), trace(4, 1)]);
    let shown = |buffer: &Buffer| -> Vec<(String, u64)> {
        buffer.rows().map(|row| (row.trace_id.clone().unwrap(), row.time_unix_nano.0)).collect()
    };
    let expected = [(4, 1), (3, 1), (2, 1), (1, 5)].map(|(id, spans)| (format!("{id:032x}"), spans));
    assert_eq!(shown(&buffer), expected);
    assert_eq!((buffer.place(two), buffer.place(one)), (Some(2), Some(3)), "rows keep their numbers");
    buffer.renew((10..10 + ROWS_MAX).map(|id| trace(id, 1)));
    assert_eq!((buffer.len(), buffer.place(one)), (ROWS_MAX, None));
    buffer.renew([trace(10, 7)]);
    assert_eq!((buffer.len(), buffer.at(ROWS_MAX - 1).map(|row| row.time_unix_nano.0)), (ROWS_MAX, Some(7)));
}

proptest! {
    /// Whatever is unfolded: the lines of the rows follow each other without a gap, and each leads back to its row.
    #[test]
    fn every_line_belongs_to_one_row(rows in 0..60_usize, unfolded in prop::collection::vec((0..80_usize, 0..9_usize), 0..12)) {
        let lines = Lines::new(rows, unfolded);
        let mut line = 0;
        for place in 0..rows {
            prop_assert_eq!(lines.line_of(place), line);
            for _ in 0..=lines.more(place) {
                prop_assert_eq!(lines.row_at(line), place);
                line += 1;
            }
        }
        prop_assert_eq!(lines.total(), line);
        prop_assert_eq!(lines.row_at(line + 3), rows);
    }
}
