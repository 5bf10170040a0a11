//! The same question over memory, segments and both has the same answer, whatever the filter.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::data::{ORPHAN, PAGE, PURCHASE, Place, Store, requests};
use super::{combined, rows};
use crate::QueryLimits;

/// Conditions over spans, each right by itself; they are combined at random.
fn condition() -> impl Strategy<Value = String> {
    let time = (0..30_u64).prop_map(|at| format!("2026-01-02T03:04:05.{:03}Z", at));
    let order = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let ids = prop::sample::select(vec![PURCHASE, PAGE, ORPHAN, "0AF7651916CD43DD8448EB211C80319C", "zz", ""]);
    let leaf = prop_oneof![
        (order.clone(), time).prop_map(|(order, time)| format!("start_time_unix_nano {order} '{time}'")),
        (order.clone(), ids.clone()).prop_map(|(order, id)| format!("trace_id {order} '{id}'")),
        (ids.clone(), ids).prop_map(|(one, other)| format!("trace_id IN ('{one}', '{other}')")),
        (0..26_u64).prop_map(|id| format!("span_id = '{id:016x}'")),
        prop::sample::select(vec!["0%", "0af7%", "FF%", "%1100", "ffe_%", "%"])
            .prop_map(|id| format!("trace_id LIKE '{id}'")),
        (order.clone(), 0..26_u64).prop_map(|(order, id)| format!("parent_span_id {order} '{id:016x}'")),
        prop::sample::select(vec!["parent_span_id IS NULL", "parent_span_id IS NOT NULL"]).prop_map(str::to_owned),
        prop::sample::select(vec!["shop", "payments", "none"]).prop_map(|name| format!("service_name = '{name}'")),
        prop::sample::select(vec!["render", "pay", "GET%", "none"]).prop_map(|name| format!("name LIKE '{name}'")),
        (order.clone(), 0..26_u64).prop_map(|(order, ms)| format!("duration_ns {order} {}", ms * 1_000_000)),
        (order.clone(), 0..26_u64).prop_map(|(order, n)| format!("attr_int('number') {order} {n}")),
        (order, 0..3).prop_map(|(order, code)| format!("status_code {order} {code}")),
        Just("attr('even') = 'true'".to_owned()),
        Just("resource_attr('service.name') = 'stock'".to_owned()),
        Just("scope_name = 'tests'".to_owned()),
    ];
    combined(leaf)
}

/// Questions about the rows that pass a condition.
fn statement() -> impl Strategy<Value = String> {
    let form = prop::sample::select(vec![
        "SELECT * FROM spans WHERE {} ORDER BY span_id",
        "SELECT trace_id, count(*) AS n, max(duration_ns) AS slowest FROM spans WHERE {} GROUP BY trace_id ORDER BY trace_id",
        "SELECT name FROM spans WHERE {} ORDER BY start_time_unix_nano DESC LIMIT 3",
        "SELECT count(*) AS n FROM spans WHERE {}",
        "SELECT e.name, e.time_unix_nano FROM span_events e JOIN spans ON spans.span_id = e.span_id WHERE {} ORDER BY 2",
    ]);
    (form, condition()).prop_map(|(form, condition)| {
        let condition = if form.contains("JOIN") { qualified(&condition) } else { condition };
        form.replace("{}", &condition)
    })
}

/// Says of which of two joined tables the columns are.
fn qualified(condition: &str) -> String {
    let names = [
        "start_time_unix_nano",
        "trace_id",
        "parent_span_id",
        "service_name",
        "duration_ns",
        "status_code",
        "scope_name",
    ];
    let mut out = condition.replace("attr_int('number')", "attr_int(spans.attributes, 'number')");
    out = out.replace("attr('even')", "attr(spans.attributes, 'even')");
    out = out.replace("resource_attr('service.name')", "resource_attr(spans.resource, 'service.name')");
    out = out.replace("name LIKE", "spans.name LIKE");
    for name in names {
        out = out.replace(name, &format!("spans.{name}"));
    }
    out.replace("(span_id", "(spans.span_id").replace(" span_id =", " spans.span_id =").trim().to_owned()
}

#[test]
fn every_statement_has_one_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = runtime.block_on(async {
        let mut stores = Vec::new();
        for place in Place::ALL {
            let store = Store::with_limits(QueryLimits { threads: 2, ..QueryLimits::default() });
            store.fill(place, requests()).await;
            stores.push((place, store));
        }
        stores
    });
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&statement(), |sql| {
            let sql = match sql.strip_prefix("SELECT e.name").is_some() && sql.contains("WHERE span_id") {
                true => sql.replace("WHERE span_id", "WHERE spans.span_id"),
                false => sql,
            };
            let mut answers = stores.iter().map(|(place, store)| (place, runtime.block_on(rows(&store.query, &sql))));
            let (_, expected) = answers.next().unwrap();
            for (place, answer) in answers {
                prop_assert_eq!(&answer, &expected, "{:?}: {}", place, sql);
            }
            Ok(())
        })
        .unwrap();
}
