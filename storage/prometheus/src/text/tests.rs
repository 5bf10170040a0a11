//! Scenario: texts as client libraries expose them, texts that are broken, and texts made up from samples. Guarantees: what
//! was exposed is read back whole, nothing panics, and what is wrong is named with its line.

use proptest::prelude::*;

use super::*;
use crate::number::decimal;

const NOW: i64 = 1_700_000_000_000;

fn one(format: Format, line: &str) -> Series {
    let end = if format == Format::OpenMetrics { "\n# EOF\n" } else { "\n" };
    let scrape = parse(format, &format!("{line}{end}"), NOW).unwrap();
    assert_eq!(scrape.series.len(), 1);
    scrape.series[0].clone()
}

fn labels(series: &Series) -> String {
    let labels = series.labels.iter().filter(|(name, _)| name != NAME);
    labels.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

#[test]
fn the_example_of_the_format_s_own_page_is_read() {
    let text = r#"
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="1"} 133988
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
"#;
    let scrape = parse(Format::Text, text, NOW).unwrap();
    assert_eq!(scrape.series.len(), 10);
    assert_eq!(scrape.series[0].samples, [(1_395_066_363_000, 1027.0)]);
    assert_eq!(labels(&scrape.series[2]), "error=Cannot find file:\n\"FILE.TXT\",path=C:\\DIR\\FILE.TXT");
    assert_eq!(scrape.series[3].samples, [(NOW, 12.47)]);
    assert_eq!(scrape.series[4].samples[0].1, f64::INFINITY);
    assert_eq!(labels(&scrape.series[6]), "le=1.0");
    let of = |place: usize| scrape.series[place].metadata.as_ref().map(|metadata| metadata.kind);
    assert_eq!(of(0), Some(FamilyType::Counter));
    assert_eq!(of(5), Some(FamilyType::Histogram));
    assert_eq!(of(9), Some(FamilyType::Histogram));
    assert_eq!(of(3), None);
    assert_eq!(scrape.families["http_requests_total"].help, "The total number of HTTP requests.");
    assert!(is_cumulative(scrape.series[5].metadata.as_ref(), scrape.series[5].name()));
}

#[test]
fn openmetrics_has_exemplars_units_and_seconds() {
    let text = "# TYPE foo_seconds histogram\n# UNIT foo_seconds seconds\n# HELP foo_seconds \\\"quoted\\\"\n\
                foo_seconds_bucket{le=\"0.1\"} 8 1520879607.789 # {trace_id=\"abc\",span_id=\"12\"} 0.043 1520879600.5\n\
                foo_seconds_bucket{le=\"+Inf\"} 9 # {} 0.67\nfoo_seconds_created 1520430000.123\n# EOF\n";
    let scrape = parse(Format::OpenMetrics, text, NOW).unwrap();
    assert_eq!(scrape.series[0].samples, [(1_520_879_607_789, 8.0)]);
    let exemplar = &scrape.series[0].exemplars[0];
    assert_eq!((exemplar.value, exemplar.timestamp_ms), (0.043, 1_520_879_600_500));
    assert_eq!(exemplar.labels[0], ("trace_id".to_owned(), "abc".to_owned()));
    assert_eq!(scrape.series[1].exemplars[0].timestamp_ms, NOW);
    assert_eq!(scrape.families["foo_seconds"].unit, "seconds");
    assert_eq!(scrape.families["foo_seconds"].help, "\"quoted\"");
    assert_eq!(scrape.series[2].metadata.as_ref().map(|m| m.kind), Some(FamilyType::Histogram));
}

#[test]
fn names_beyond_ascii_stand_in_quotes() {
    let series = one(Format::Text, r#"{"http.server.duration", "http.method"="GET",code="200",} 1"#);
    assert_eq!(series.name(), "http.server.duration");
    assert_eq!(labels(&series), "code=200,http.method=GET");
    assert_eq!(labels(&one(Format::Text, r#"x { a = "b" , } 0x1F 7"#)), "a=b");
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let cases = [
        ("a 1\nb", "line 2: a sample without a value"),
        ("a x", "line 1: \"x\" is not a number"),
        ("a 1 y", "line 1: \"y\" is not a time"),
        ("a{b=\"c} 1", "line 1: a text in double quotes does not end"),
        ("a{b} 1", "line 1: the label \"b\" has no value"),
        ("a{b=\"1\" c=\"2\"} 1", "line 1: a comma or } is missing before \"c=\\\"2\\\"} 1\""),
        ("a{b=\"1\",b=\"2\"} 1", "line 1: the label \"b\" of a is empty or comes twice"),
        ("1a 1", "line 1: \"1a\" is not a metric name; other names are written as {\"name\"}"),
        ("a 1 2 3", "line 1: \"3\" after the sample"),
        ("# TYPE a thing", "line 1: \"thing\" is not a type"),
        ("{} 1", "line 1: a sample without a name"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(Format::Text, text, NOW).unwrap_err().to_string(), expected, "{text}");
    }
    let end = parse(Format::OpenMetrics, "a 1\n", NOW).unwrap_err();
    assert_eq!(end.to_string(), "line 2: the text does not end with # EOF");
    assert!(parse(Format::OpenMetrics, "# EOF\na 1\n", NOW).is_err());
}

#[test]
fn the_content_type_decides() {
    assert_eq!(Format::of_content_type("application/openmetrics-text; version=1.0.0"), Format::OpenMetrics);
    assert_eq!(Format::of_content_type("text/plain; version=0.0.4; charset=utf-8"), Format::Text);
    assert_eq!(Format::of_content_type(""), Format::Text);
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn samples() -> impl Strategy<Value = (String, Vec<(String, String)>, f64, Option<i64>)> {
    let labels = prop::collection::btree_map(".{1,6}", "(?s).{1,8}", 0..4);
    (".{1,10}", labels, any::<f64>(), prop::option::of(0_i64..4_000_000_000_000)).prop_map(
        |(name, labels, value, time)| {
            (name, labels.into_iter().filter(|(name, _)| name != NAME).collect(), value, time)
        },
    )
}

proptest! {
    /// Any name and any labels, written as the format writes them, come back.
    #[test]
    fn what_is_exposed_is_read_back(samples in prop::collection::vec(samples(), 0..6)) {
        let mut text = String::new();
        for (name, labels, value, time) in &samples {
            let labels: String = labels.iter().map(|(name, value)| {
                let bound = name == "le" || name == "quantile";
                format!(",{}={}", quoted(name), quoted(if bound { "1.5" } else { value }))
            }).collect();
            let time = time.map(|time| format!(" {time}")).unwrap_or_default();
            text.push_str(&format!("{{{}{labels}}} {}{time}\n", quoted(name), decimal(*value)));
        }
        let scrape = parse(Format::Text, &text, NOW).unwrap();
        prop_assert_eq!(scrape.series.len(), samples.len());
        for (series, (name, labels, value, time)) in scrape.series.iter().zip(&samples) {
            prop_assert_eq!(series.name(), name);
            prop_assert_eq!(series.labels.len(), labels.len() + 1);
            for (name, value) in labels.iter().filter(|(name, _)| name != "le" && name != "quantile") {
                prop_assert_eq!(series.label(name), Some(value.as_str()));
            }
            let (read_time, read) = series.samples[0];
            prop_assert_eq!(read_time, time.unwrap_or(NOW));
            prop_assert!(read.to_bits() == value.to_bits() || read.is_nan() && value.is_nan());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s)([a-z_{}\"\\\\=#, \n0-9.+-]|TYPE|EOF|HELP|.){0,80}") {
        for format in [Format::Text, Format::OpenMetrics] {
            if let Err(error) = parse(format, &text, NOW) {
                prop_assert!(error.line >= 1 && !error.what.is_empty());
            }
        }
    }
}
