//! Grafana's unit ids in our notation.

/// Ids and units; what is not here stands behind the number as it is.
const UNITS: [(&str, &str); 62] = [
    ("none", ""),
    ("short", ""),
    ("string", ""),
    ("sci", ""),
    ("locale", ""),
    ("percent", "%"),
    ("percentunit", "ratio"),
    ("s", "s"),
    ("ms", "ms"),
    ("µs", "us"),
    ("us", "us"),
    ("ns", "ns"),
    ("m", "min"),
    ("h", "h"),
    ("d", "d"),
    ("dtdurations", "s"),
    ("dtdurationms", "ms"),
    ("dthms", "s"),
    ("clocks", "s"),
    ("clockms", "ms"),
    ("bytes", "By"),
    ("decbytes", "By"),
    ("bits", "bit"),
    ("decbits", "bit"),
    ("kbytes", "KiB"),
    ("deckbytes", "kB"),
    ("mbytes", "MiB"),
    ("decmbytes", "MB"),
    ("gbytes", "GiB"),
    ("decgbytes", "GB"),
    ("Bps", "By/s"),
    ("binBps", "By/s"),
    ("bps", "bit/s"),
    ("binbps", "bit/s"),
    ("KBs", "KB/s"),
    ("MBs", "MB/s"),
    ("Kbits", "Kbit/s"),
    ("Mbits", "Mbit/s"),
    ("pps", "packets/s"),
    ("reqps", "req/s"),
    ("rps", "reads/s"),
    ("wps", "writes/s"),
    ("ops", "ops/s"),
    ("iops", "io/s"),
    ("eps", "events/s"),
    ("mps", "messages/s"),
    ("cps", "/s"),
    ("recps", "records/s"),
    ("opm", "ops/min"),
    ("rpm", "reads/min"),
    ("reqpm", "req/min"),
    ("cpm", "/min"),
    ("wpm", "writes/min"),
    ("hertz", "Hz"),
    ("rothz", "Hz"),
    ("rotrpm", "rpm"),
    ("celsius", "°C"),
    ("fahrenheit", "°F"),
    ("humidity", "%"),
    ("watt", "W"),
    ("volt", "V"),
    ("amp", "A"),
];

/// Returns our unit, or what is to be said.
pub(super) fn unit(id: &str) -> Result<String, String> {
    if let Some((_, ours)) = UNITS.iter().find(|(known, _)| *known == id) {
        return Ok((*ours).to_owned());
    }
    if id.starts_with("dateTime") || id.starts_with("time:") {
        return Err(format!("the unit {id:?} (a date) is not known: numbers are shown"));
    }
    if id.starts_with("prefix:") || id.starts_with("currency") || id.starts_with("si:") || id.starts_with("bool") {
        return Err(format!("the unit {id:?} is not known: numbers are shown"));
    }
    Ok(id.strip_prefix("suffix:").unwrap_or(id).to_owned())
}
