//! Scenario: names, units and keys as SDKs and collectors send them. Guarantees: the names that stock Prometheus gives
//! them, and for any text at all a name that a legacy client can write whenever one is possible.

use proptest::prelude::*;

use super::*;

#[test]
fn names_of_the_semantic_conventions_are_the_ones_that_dashboards_use() {
    let cases = [
        ("http.server.request.duration", "s", NameKind::Other, "http_server_request_duration_seconds"),
        ("http.server.active_requests", "{request}", NameKind::Other, "http_server_active_requests"),
        ("system.cpu.utilization", "1", NameKind::Gauge, "system_cpu_utilization_ratio"),
        ("system.cpu.time", "s", NameKind::Counter, "system_cpu_time_seconds_total"),
        ("requests", "1", NameKind::Counter, "requests_total"),
        ("requests.total", "1", NameKind::Counter, "requests_total"),
        ("total.requests", "", NameKind::Counter, "requests_total"),
        ("jvm.memory.used", "By", NameKind::Other, "jvm_memory_used_bytes"),
        ("memory.bytes.used", "By", NameKind::Gauge, "memory_bytes_used"),
        ("network.io", "By/s", NameKind::Gauge, "network_io_bytes_per_second"),
        ("network.io.per.second", "By/s", NameKind::Gauge, "network_io_per_second_bytes_per_second"),
        ("disk.speed", "MBy/min", NameKind::Gauge, "disk_speed_megabytes_per_min"),
        ("fan.speed", "{rotation}/min", NameKind::Gauge, "fan_speed_per_min"),
        ("temperature", "Cel", NameKind::Gauge, "temperature_celsius"),
        ("battery", "%", NameKind::Gauge, "battery_percent"),
        ("queue..size--now", "{item}", NameKind::Gauge, "queue_size_now"),
        ("2xx.responses", "", NameKind::Counter, "_2xx_responses_total"),
        ("ratio.of.things", "1", NameKind::Gauge, "of_things_ratio"),
        ("a:b", "", NameKind::Gauge, "a:b"),
        ("温度", "", NameKind::Gauge, "温度"),
        ("x", "my unit", NameKind::Gauge, "x_my_unit"),
        ("x", "/s", NameKind::Gauge, "x_per_second"),
    ];
    for (name, unit, kind, expected) in cases {
        assert_eq!(metric_name(name, unit, kind), expected, "{name} {unit}");
    }
}

#[test]
fn keys_become_labels_and_those_that_collide_are_joined() {
    for (key, expected) in [
        ("http.request.method", "http_request_method"),
        ("2xx", "key_2xx"),
        ("_private", "key_private"),
        ("__reserved__", "__reserved__"),
        ("a..b", "a__b"),
        ("größe", "gr__e"),
        ("温", "温"),
    ] {
        assert_eq!(label_name(key), expected);
    }
    let labels = labels([("b.c", "2".to_owned()), ("b-c", "1".into()), ("b_c", "3".into()), ("e", String::new())]);
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), [("b_c".to_owned(), "1;2;3".to_owned())]);
}

#[test]
fn a_job_is_namespace_and_name() {
    assert_eq!(job(Some("shop"), Some("cart")), "shop/cart");
    assert_eq!(job(None, Some("cart")), "cart");
    assert_eq!(job(Some(""), Some("cart")), "cart");
    assert_eq!(job(Some("shop"), None), "");
}

fn kinds() -> impl Strategy<Value = NameKind> {
    prop_oneof![Just(NameKind::Gauge), Just(NameKind::Counter), Just(NameKind::Other)]
}

proptest! {
    #[test]
    fn any_name_with_an_ascii_letter_becomes_a_legacy_name(name in ".{0,12}[a-z].{0,12}", unit in ".{0,8}", kind in kinds()) {
        let translated = metric_name(&name, &unit, kind);
        let legacy = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        prop_assert!(translated.chars().all(legacy), "{translated}");
        prop_assert!(!translated.starts_with(|c: char| c.is_ascii_digit()));
        prop_assert!(!translated.contains("__"));
    }

    /// A translated name is a fixed point once its unit is gone, so that what was translated before is not changed again.
    #[test]
    fn translating_twice_changes_nothing(name in "[a-z][a-z0-9._-]{0,20}", unit in "(s|By|1|\\{x\\}|By/s|)", kind in kinds()) {
        let once = metric_name(&name, &unit, kind);
        let suffixed = if kind == NameKind::Gauge && unit == "1" { "1" } else { "" };
        prop_assert_eq!(metric_name(&once, suffixed, kind), once);
    }

    #[test]
    fn label_names_are_legacy_or_the_key_itself(key in ".{1,16}") {
        let name = label_name(&key);
        prop_assert!(is_legacy_label(&name) || name == key, "{name}");
        prop_assert!(!name.is_empty());
    }

    #[test]
    fn no_value_is_lost_in_a_collision(values in prop::collection::vec("[a-z]{1,3}", 1..5)) {
        let keys: Vec<String> = (0..values.len()).map(|at| format!("k{}", ".".repeat(1 + at % 2) + "x" + &"-".repeat(at))).collect();
        let labels = labels(keys.iter().map(String::as_str).zip(values.clone()));
        let found: usize = labels.values().map(|joined| joined.split(';').count()).sum();
        prop_assert_eq!(found, values.len());
    }
}
