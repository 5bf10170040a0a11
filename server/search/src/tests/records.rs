//! Records in memory, and what queries say of them; the same questions are asked of SQL in the server's tests.

use std::borrow::Cow;

use crate::eval::{Engine, Numeric, Record, Source, TextTest, Value};
use crate::field::{IdColumn, IntColumn, Presence, TextColumn};
use crate::{Target, parse};

/// Words by a plain search, regular expressions by the `regex` crate.
pub(super) struct Engines;

impl Engine for Engines {
    fn words(&self, query: &str) -> Result<TextTest, String> {
        let wanted = query.trim_matches('"').to_lowercase();
        Ok(Box::new(move |text| text.to_lowercase().contains(&wanted)))
    }

    fn regex(&self, pattern: &str) -> Result<TextTest, String> {
        let regex = regex::Regex::new(pattern).map_err(|error| error.to_string())?;
        Ok(Box::new(move |text| regex.is_match(text)))
    }
}

/// A failed server span of `shop`.
struct Span;

impl Record for Span {
    fn text(&self, column: TextColumn) -> Option<Cow<'_, str>> {
        match column {
            TextColumn::Service => Some("shop".into()),
            TextColumn::Name => Some("GET /cart".into()),
            TextColumn::StatusMessage => Some("card declined".into()),
            _ => None,
        }
    }

    fn id(&self, column: IdColumn) -> Option<Cow<'_, str>> {
        match column {
            IdColumn::Trace => Some("0af7651916cd43dd8448eb211c80319c".into()),
            IdColumn::Span => Some("00000000000000aa".into()),
            IdColumn::Parent => None,
        }
    }

    fn int(&self, column: IntColumn) -> Option<i64> {
        match column {
            IntColumn::Duration | IntColumn::DurationNs => Some(250_000_000),
            IntColumn::Status => Some(2),
            IntColumn::Kind => Some(2),
            IntColumn::SeverityNumber => None,
        }
    }

    fn has(&self, presence: Presence) -> bool {
        presence == Presence::Exception
    }

    fn attribute(&self, source: Source, key: &str) -> Option<Value<'_>> {
        let int = |value: i64| Value { text: value.to_string().into(), number: Some(Numeric::Int(value)) };
        match (source, key) {
            (Source::Record, "http.response.status_code") => Some(int(500)),
            (Source::Record, "ratio") => Some(Value { text: "0.5".into(), number: Some(Numeric::Double(0.5)) }),
            (Source::Record, "size") => Some(Value { text: "2048".into(), number: None }),
            (Source::Record | Source::Resource, "region") => {
                let text = if source == Source::Record { "eu-3" } else { "us-1" };
                Some(Value { text: text.into(), number: None })
            }
            (Source::Resource, "host.cpus") => Some(int(4)),
            _ => None,
        }
    }
}

#[test]
fn records_pass_what_is_said_of_them_and_nothing_else() {
    let yes = [
        "",
        "cart",
        "\"card declined\"",
        "service:shop",
        "service:s*p",
        "name=\"GET /cart\"",
        "name~^GET",
        "duration>=250ms",
        "duration<1s",
        "status:error",
        "is:error",
        "is:root",
        "kind:server",
        "has:exception",
        "-has:parent",
        "trace:0af7",
        "http.response.status_code:500",
        "http.response.status_code>=500",
        "http.response.status_code:5*",
        "ratio<0.6",
        "ratio=0.5",
        "size>2kb",
        "size=2kib",
        "region:eu-3",
        "resource.region:us-1",
        "host.cpus>3",
        "has:region",
        "absent!=x",
        "-absent:x",
        "absent!~x",
        "service:(a or shop)",
        "absent:x or service:shop",
        "region>eu-2",
    ];
    let no = [
        "absent",
        "-cart",
        "service:SHOP",
        "service!=shop",
        "name~^POST",
        "duration>250ms",
        "status:ok",
        "kind:client",
        "has:links",
        "has:parent",
        "trace:0af8",
        "http.response.status_code>500",
        "ratio>0.5",
        "size>2kib",
        "region:us-1",
        "absent:x",
        "absent>5",
        "region>5",
        "host.cpus:x",
        "service:shop -cart",
        "level:error",
    ];
    for (texts, expected) in [(yes.as_slice(), true), (no.as_slice(), false)] {
        for text in texts {
            let query = parse(text);
            assert_eq!(query.check(Target::Spans, &Engines), [], "{text}");
            assert_eq!(query.filter(Target::Spans, &Engines).accepts(&Span), expected, "{text}");
        }
    }
}
