//! Made-up samples, and made-up expressions over them, each from a seed.

use telltale_prometheus::remote::v1;
use telltale_tests::rng::Rng;

/// First second of the data; a multiple of every step that is asked.
pub(super) const START: i64 = 1_700_000_100;
/// Last second.
pub(super) const END: i64 = START + 1_800;

/// Seconds between two samples.
const INTERVAL: i64 = 15;

struct Made {
    labels: Vec<(&'static str, String)>,
    kind: Kind,
    value: f64,
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Bucket,
    Info,
}

fn all() -> Vec<Made> {
    let mut all = Vec::new();
    let mut add = |name: &str, labels: &[(&'static str, &str)], kind, value| {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned()));
        all.push(Made { labels: labels.chain([("__name__", name.to_owned())]).collect(), kind, value });
    };
    for job in ["api", "db", "web"] {
        for instance in ["a", "b"] {
            for code in ["200", "404", "500"] {
                add("requests_total", &[("job", job), ("instance", instance), ("code", code)], Kind::Counter, 5.0);
            }
            add("temperature", &[("job", job), ("instance", instance), ("room", "r1")], Kind::Gauge, 20.0);
            add("load", &[("job", job), ("instance", instance)], Kind::Gauge, 1.0);
        }
        add("build_info", &[("job", job), ("version", if job == "db" { "2.0" } else { "1.5" })], Kind::Info, 1.0);
        for (at, le) in ["0.1", "0.5", "1", "5", "+Inf"].into_iter().enumerate() {
            add("latency_bucket", &[("job", job), ("le", le)], Kind::Bucket, at as f64 + 1.0);
        }
    }
    all
}

/// Requests in the order of time: one a moment, with every series that has a sample then.
pub(super) fn requests() -> Vec<v1::WriteRequest> {
    let mut rng = Rng::new(7);
    let mut all = all();
    let mut requests = Vec::new();
    for second in (START..END).step_by(usize::try_from(INTERVAL).unwrap()) {
        let mut timeseries = Vec::new();
        for (at, made) in all.iter_mut().enumerate() {
            // Some samples are missing, for a while or alone; a few series end with a marker and begin again.
            let is_gap = rng.range(0, 40) == 0 || (at % 7 == 3 && (START + 600..START + 1_000).contains(&second));
            let is_end = at % 7 == 3 && second == START + 600;
            if is_gap && !is_end {
                continue;
            }
            step(made, &mut rng);
            let value = if is_end { f64::from_bits(0x7ff0_0000_0000_0002) } else { made.value };
            // Never on the edge of a window: questions end 4 s after a multiple of 15 s.
            let timestamp = second * 1_000 + 7_000 + i64::try_from(rng.range(0, 3_000)).unwrap();
            let mut labels: Vec<v1::Label> = made
                .labels
                .iter()
                .map(|(name, value)| v1::Label { name: (*name).to_owned(), value: value.clone() })
                .collect();
            labels.sort_by(|left, right| left.name.cmp(&right.name));
            let samples = vec![v1::Sample { value, timestamp }];
            timeseries.push(v1::TimeSeries { labels, samples, ..v1::TimeSeries::default() });
        }
        requests.push(v1::WriteRequest { timeseries, ..v1::WriteRequest::default() });
    }
    requests
}

fn step(made: &mut Made, rng: &mut Rng) {
    let fraction = rng.range(0, 1_000) as f64 / 1_000.0;
    made.value = match made.kind {
        Kind::Counter if rng.range(0, 50) == 0 => fraction,
        Kind::Counter => made.value + fraction * 10.0,
        Kind::Gauge => made.value + fraction * 4.0 - 2.0,
        // The same growth for all buckets keeps them in order.
        Kind::Bucket => made.value + 1.0,
        Kind::Info => 1.0,
    };
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[usize::try_from(rng.range(0, from.len() as u64)).unwrap()]
}

fn selector(rng: &mut Rng) -> String {
    let name = pick(rng, &["requests_total", "temperature", "load", "requests_total", "latency_bucket"]);
    let matchers =
        ["", "", "{job=\"api\"}", "{job!=\"db\"}", "{job=~\"a.*|web\"}", "{instance!~\"b\"}", "{nothing=\"\"}"];
    let offset = pick(rng, &["", "", "", " offset 1m", " offset -2m"]);
    format!("{name}{}{offset}", pick(rng, &matchers))
}

fn range(rng: &mut Rng) -> String {
    let name = pick(rng, &["requests_total", "temperature", "load"]);
    let matchers = pick(rng, &["", "{job=\"api\"}", "{instance=~\"a|c\"}"]);
    if rng.range(0, 8) == 0 {
        let inner = pick(rng, &["load", "rate(requests_total[2m])", "temperature > 20", "sum by (job) (load)"]);
        return format!("({inner})[{}:{}]", pick(rng, &["5m", "10m"]), pick(rng, &["1m", "30s"]));
    }
    format!("{name}{matchers}[{}]{}", pick(rng, &["1m", "90s", "5m", "10m"]), pick(rng, &["", "", " offset 30s"]))
}

/// Returns a vector expression.
pub(super) fn expression(rng: &mut Rng, depth: u64) -> String {
    let kind = if depth == 0 { rng.range(0, 4) } else { rng.range(0, 13) };
    match kind {
        0 | 1 => selector(rng),
        2 | 3 => over_time(rng),
        4 | 5 => aggregation(rng, depth),
        6 => arithmetic(rng, depth),
        7 => matching(rng),
        8 => {
            let (left, right) = (expression(rng, depth - 1), expression(rng, depth - 1));
            format!(
                "({left}) {} ({right})",
                pick(rng, &["and", "or", "unless", "and on (job)", "unless on (instance)"])
            )
        }
        9 => {
            let inner = expression(rng, depth - 1);
            let function = pick(
                rng,
                &[
                    "abs",
                    "ceil",
                    "floor",
                    "sqrt",
                    "exp",
                    "ln",
                    "log2",
                    "log10",
                    "sgn",
                    "sort",
                    "deg",
                    "sin",
                    "timestamp",
                    "absent",
                    "day_of_week",
                    "hour",
                ],
            );
            format!("{function}({inner})")
        }
        10 => {
            let inner = expression(rng, depth - 1);
            match rng.range(0, 4) {
                0 => format!("clamp({inner}, 1, 30)"),
                1 => format!("round({inner}, 0.5)"),
                2 => format!("label_replace({inner}, \"first\", \"$1\", \"job\", \"(.).*\")"),
                _ => format!("label_join({inner}, \"both\", \"-\", \"job\", \"instance\")"),
            }
        }
        11 => histogram(rng),
        _ => {
            let inner = expression(rng, depth - 1);
            format!("-({inner}) {} {}", pick(rng, &["<", ">", "<=", "!=", "> bool", "== bool"]), rng.range(0, 40))
        }
    }
}

fn over_time(rng: &mut Rng) -> String {
    let range = range(rng);
    match rng.range(0, 5) {
        0 => {
            let matchers = pick(rng, &["", "{job=\"api\"}", "{code=~\"2..|404\"}"]);
            let window = pick(rng, &["1m", "90s", "5m", "10m"]);
            format!("{}(requests_total{matchers}[{window}])", pick(rng, &["rate", "increase", "irate"]))
        }
        1 => format!("{}({range})", pick(rng, &["delta", "idelta", "deriv", "resets", "changes"])),
        2 => format!("quantile_over_time(0.{}, {range})", rng.range(0, 10)),
        3 => format!("predict_linear({range}, {})", rng.range(1, 600)),
        _ => {
            let function = pick(rng, &["avg", "min", "max", "sum", "count", "last", "present", "stddev", "stdvar"]);
            format!("{function}_over_time({range})")
        }
    }
}

fn aggregation(rng: &mut Rng, depth: u64) -> String {
    let inner = expression(rng, depth - 1);
    let grouping = pick(rng, &["", " by (job)", " by (job, instance)", " without (instance)", " by (nothing)"]);
    match rng.range(0, 8) {
        0 => format!("quantile{grouping}(0.{}, {inner})", rng.range(0, 10)),
        1 => format!(
            "topk{grouping}({}, {})",
            rng.range(1, 4),
            pick(rng, &["temperature", "load", "rate(requests_total[5m])"])
        ),
        2 => format!("bottomk{grouping}({}, {})", rng.range(1, 4), pick(rng, &["temperature", "load"])),
        3 => format!("count_values{grouping}(\"value\", ceil(load))"),
        _ => format!(
            "{}{grouping}({inner})",
            pick(rng, &["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"])
        ),
    }
}

fn arithmetic(rng: &mut Rng, depth: u64) -> String {
    let inner = expression(rng, depth - 1);
    let operator = pick(rng, &["+", "-", "*", "/", "%", "^"]);
    match rng.range(0, 3) {
        0 => format!("({inner}) {operator} {}", rng.range(1, 5)),
        1 => format!("{} {operator} ({inner})", rng.range(1, 5)),
        _ => format!("({inner}) {operator} scalar(sum(load))"),
    }
}

fn matching(rng: &mut Rng) -> String {
    let operator = pick(rng, &["+", "-", "*", "/", ">", "< bool"]);
    match rng.range(0, 4) {
        0 => format!("temperature {operator} ignoring (room) load"),
        1 => format!("load {operator} on (job) group_left (version) build_info"),
        2 => format!("build_info {operator} on (job) group_right () sum by (job, instance) (load)"),
        _ => format!("sum by (job) (load) {operator} sum by (job) (rate(requests_total[5m]))"),
    }
}

fn histogram(rng: &mut Rng) -> String {
    let quantile = pick(rng, &["0.5", "0.9", "0.99", "0", "1"]);
    let by = pick(rng, &["le", "le, job"]);
    format!("histogram_quantile({quantile}, sum by ({by}) (rate(latency_bucket[5m])))")
}
