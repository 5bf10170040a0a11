//! What is built in is right whatever arrives, and is offered only then.

use std::collections::BTreeSet;

use super::{SERVICE, all, runtimes};
use crate::file;

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Scenario: nothing, spans, and metrics of one runtime and then another have arrived.
#[test]
fn a_dashboard_is_offered_when_its_metrics_are_there() {
    let titles =
        |names: &BTreeSet<String>, spans| all(names, spans).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert!(titles(&names(&["orders_total"]), false).is_empty());
    assert_eq!(titles(&names(&[]), true), [SERVICE]);
    assert_eq!(titles(&names(&["jvm_thread_count", "process_open_fds"]), true), [SERVICE, "process", "jvm"]);
    let (_, beam) = all(&names(&["erlang_vm_process_count", "vm_memory_total"]), false).remove(0);
    let titles: Vec<&str> = beam.panels.iter().map(|panel| panel.title.as_str()).collect();
    assert_eq!(titles, ["Memory", "Processes"], "panels without metrics are left out");
    assert!(beam.variables[0].from.contains("erlang_vm_process_count|vm_memory_total"), "{:?}", beam.variables);
}

/// Guarantee: each expression is PromQL, each dashboard can be written to a file and read back.
#[test]
fn every_built_in_dashboard_is_a_file_without_mistakes() {
    let every: Vec<&str> = runtimes::BOARDS
        .iter()
        .flat_map(|board| board.panels)
        .flat_map(|panel| panel.asks)
        .map(|ask| ask.metric)
        .collect();
    assert!(every.len() > 50);
    for (name, dashboard) in all(&names(&every), true) {
        let text = file::write(&dashboard);
        assert_eq!(file::read(&text).map_err(|error| format!("{name}: {error}\n{text}")), Ok(dashboard));
    }
}
