//! Plans as databases print them, and the properties that hold for any text.

use proptest::prelude::*;

use super::*;

/// A plan as an indented list: operator, target, and a mark for the worst.
fn outline(view: &PlanView) -> Vec<String> {
    let line = |(at, node): (usize, &PlanNode)| {
        let target = node.target.as_deref().map(|target| format!(" [{target}]")).unwrap_or_default();
        let mark = if view.worst == u32::try_from(at).ok() { " !" } else { "" };
        format!("{}{}{target}{mark}", ">".repeat(usize::try_from(node.depth).unwrap()), node.name)
    };
    view.nodes.iter().enumerate().map(line).collect()
}

const PG_TEXT: &str = "\
                                 QUERY PLAN
----------------------------------------------------------------------------
 Limit  (cost=10.00..250.50 rows=10 width=40) (actual time=0.900..210.000 rows=10 loops=1)
   CTE recent
     ->  Index Scan using orders_at on orders o  (cost=0.42..8.44 rows=1 width=8) (actual time=0.010..0.500 rows=900 loops=1)
           Index Cond: (at > now() - '1 day'::interval)
   ->  Nested Loop Left Join  (cost=10.00..240.00 rows=1 width=40) (actual time=0.500..209.000 rows=900 loops=1)
         ->  CTE Scan on recent  (cost=0.00..0.02 rows=1 width=8) (actual time=0.012..1.000 rows=900 loops=1)
         ->  Seq Scan on items i  (cost=0.00..230.00 rows=2 width=32) (actual time=0.100..0.200 rows=3 loops=900)
               Filter: (order_id = recent.id)
               Rows Removed by Filter: 997
 Planning Time: 0.210 ms
 Execution Time: 211.000 ms
(11 rows)";

#[test]
fn postgresql_text_is_a_tree_with_its_worst_operator() {
    let view = parse(PG_TEXT);
    assert_eq!((view.format.as_str(), view.nodes.len()), ("postgresql", 5), "{view:#?}");
    assert_eq!(
        outline(&view),
        [
            "Limit",
            ">Index Scan [orders o using orders_at]",
            ">Nested Loop Left Join",
            ">>CTE Scan [recent]",
            ">>Seq Scan [items i] !"
        ]
    );
    let scan = &view.nodes[4];
    assert_eq!(
        (scan.loops, scan.rows, scan.rows_estimated, scan.cost.as_deref()),
        (Some(900), Some(3), Some(2), Some("230.00"))
    );
    assert_eq!(scan.time_ns, Some(SignedNanos(180_000_000)), "time of all runs");
    assert_eq!(view.nodes[1].misestimate, Some(900));
    assert!(scan.details.iter().any(|detail| detail.key == "Filter" && detail.value == "(order_id = recent.id)"));
    assert_eq!(view.notes, ["Planning Time: 0.210 ms", "Execution Time: 211.000 ms"]);
    assert_eq!(view.worst_reason.as_deref(), Some("86 % of the time (180 ms) is spent here"));
    assert_eq!(view.total_time_ns, Some(SignedNanos(210_000_000)));
    assert_eq!(view.text, PG_TEXT);
}

#[test]
fn a_plan_that_was_not_run_is_judged_by_its_cost() {
    let view = parse(
        "Hash Join  (cost=30.00..130.00 rows=5 width=8)\n  Hash Cond: (a.id = b.id)\n  ->  Seq Scan on a  (cost=0.00..90.00 rows=9 width=4)\n  ->  Hash  (cost=8.00..8.00 rows=1 width=4)\n        ->  Seq Scan on b  (cost=0.00..8.00 rows=1 width=4)",
    );
    assert_eq!(outline(&view), ["Hash Join", ">Seq Scan [a] !", ">Hash", ">>Seq Scan [b]"]);
    assert_eq!(view.worst_reason.as_deref(), Some("69 % of the estimated cost is here"));
    assert_eq!(view.total_time_ns, None);
    let bare = parse("Sort\n  Sort Key: a\n  ->  Seq Scan on a");
    assert_eq!((outline(&bare), bare.worst), (vec!["Sort".to_owned(), ">Seq Scan [a]".to_owned()], None));
}

#[test]
fn postgresql_json_is_the_same_tree_and_shares_time_among_workers() {
    let text = r#"[{"Plan": {"Node Type": "Gather", "Total Cost": 900.5, "Plan Rows": 10, "Actual Total Time": 100.0, "Actual Rows": 10, "Actual Loops": 1, "Workers Planned": 2, "Workers Launched": 2,
        "Plans": [{"Node Type": "Aggregate", "Strategy": "Hashed", "Partial Mode": "Partial", "Parallel Aware": false, "Total Cost": 800.0, "Plan Rows": 10, "Actual Total Time": 99.0, "Actual Rows": 10, "Actual Loops": 3,
        "Plans": [{"Node Type": "Seq Scan", "Parallel Aware": true, "Relation Name": "orders", "Alias": "o", "Filter": "(total > 3)", "Total Cost": 700.0, "Plan Rows": 10, "Actual Total Time": 90.0, "Actual Rows": 40000, "Actual Loops": 3, "Rows Removed by Filter": 0}]}]},
        "Planning Time": 0.5, "Execution Time": 101.0, "Triggers": []}]"#;
    let view = parse(text);
    assert_eq!(outline(&view), ["Gather", ">Partial HashAggregate", ">>Parallel Seq Scan [orders o] !"]);
    assert_eq!(view.nodes[2].time_ns, Some(SignedNanos(90_000_000)), "three processes side by side");
    assert_eq!(
        view.worst_reason.as_deref(),
        Some("90 % of the time (90.0 ms) is spent here; 10 rows were expected and 40 000 came")
    );
    assert!(view.nodes[2].details.iter().all(|detail| detail.key != "Rows Removed by Filter"), "zeros say nothing");
    assert_eq!(view.notes, ["Execution Time: 101.0", "Planning Time: 0.5"]);
    let as_rows =
        serde_json::to_string(&serde_json::json!([{"QUERY PLAN": serde_json::from_str::<Value>(text).unwrap()}]))
            .unwrap();
    let quoted = serde_json::to_string(text).unwrap();
    for wrapped in [as_rows, quoted] {
        assert_eq!(outline(&parse(&wrapped)), outline(&view), "{wrapped}");
    }
    let lines: Vec<_> = PG_TEXT.lines().map(|line| serde_json::json!({"QUERY PLAN": line})).collect();
    assert_eq!(outline(&parse(&Value::Array(lines).to_string())), outline(&parse(PG_TEXT)));
}

#[test]
fn mysql_is_read_as_tree_and_as_json_of_both_versions() {
    let tree = "-> Sort: o.at  (actual time=52.1..52.2 rows=20 loops=1)\n    -> Nested loop inner join  (cost=4.95 rows=9) (actual time=0.032..51.0 rows=20 loops=1)\n        -> Filter: (o.state = 'open')  (cost=1.25 rows=1) (actual time=0.020..1.00 rows=10 loops=1)\n            -> Table scan on o  (cost=1.25 rows=10) (actual time=0.018..0.90 rows=10 loops=1)\n        -> Index lookup on i using by_order (order_id=o.id)  (cost=0.35 rows=1) (actual time=4.8..4.9 rows=2 loops=10)\n";
    let view = parse(tree);
    assert_eq!(view.format, "mysql");
    assert_eq!(
        outline(&view),
        [
            "Sort",
            ">Nested loop inner join",
            ">>Filter",
            ">>>Table scan [o]",
            ">>Index lookup [i using by_order (order_id=o.id)] !"
        ]
    );
    assert_eq!(view.nodes[4].time_ns, Some(SignedNanos(49_000_000)));
    let framed = format!("+----+\n| EXPLAIN |\n+----+\n| {} |\n+----+\n1 row in set", tree.trim_end());
    assert_eq!(parse(&framed).nodes.len(), 5, "{:#?}", parse(&framed));
    let first = r#"{"query_block": {"select_id": 1, "cost_info": {"query_cost": "12.50"}, "ordering_operation": {"using_filesort": true, "nested_loop": [
        {"table": {"table_name": "o", "access_type": "ALL", "rows_examined_per_scan": 10, "cost_info": {"read_cost": "1.00", "prefix_cost": "2.00"}, "attached_condition": "o.state = 'open'"}},
        {"table": {"table_name": "i", "access_type": "ref", "key": "by_order", "rows_examined_per_scan": 2, "cost_info": {"prefix_cost": "11.00"}}}]}}}"#;
    let view = parse(first);
    assert_eq!(
        outline(&view),
        ["Query block 1", ">Order", ">>Nested loop", ">>>Table scan [o]", ">>>Index look-up [i using by_order] !"]
    );
    assert!(view.nodes[3].details.iter().any(|detail| detail.key == "attached_condition"));
    let second = r#"{"query": "select …", "query_plan": {"operation": "Limit: 5 row(s)", "estimated_rows": 5, "inputs": [{"operation": "Table scan on o", "table_name": "o", "estimated_total_cost": 1.25, "estimated_rows": 10}]}, "json_schema_version": "2.0"}"#;
    assert_eq!(outline(&parse(second)), ["Limit: 5 row(s)", ">Table scan on o [o] !"]);
}

#[test]
fn sqlite_is_read_as_tree_as_table_and_as_rows() {
    let tree = "QUERY PLAN\n|--SEARCH orders USING INDEX by_user (user_id=?)\n|--CORRELATED SCALAR SUBQUERY 1\n|  `--SCAN items\n`--USE TEMP B-TREE FOR ORDER BY\n";
    let expected = ["SEARCH [orders]", "CORRELATED SCALAR SUBQUERY 1", ">SCAN [items]", "USE TEMP B-TREE FOR ORDER BY"];
    let view = parse(tree);
    assert_eq!((view.format.as_str(), outline(&view)), ("sqlite", expected.map(str::to_owned).to_vec()));
    assert_eq!(view.nodes[2].details[0].value, "reads every row");
    let table = "4|0|0|SEARCH orders USING INDEX by_user (user_id=?)\n9|0|0|CORRELATED SCALAR SUBQUERY 1\n12|9|0|SCAN items\n30|0|0|USE TEMP B-TREE FOR ORDER BY";
    assert_eq!(outline(&parse(table)), expected);
    let rows = r#"[{"id":4,"parent":0,"notused":0,"detail":"SEARCH orders USING INDEX by_user (user_id=?)"},{"id":9,"parent":0,"detail":"CORRELATED SCALAR SUBQUERY 1"},{"id":12,"parent":9,"detail":"SCAN items"},{"id":30,"parent":0,"detail":"USE TEMP B-TREE FOR ORDER BY"}]"#;
    assert_eq!(outline(&parse(rows)), expected);
    assert_eq!(outline(&parse("SCAN TABLE t")), ["SCAN [t]"]);
}

#[test]
fn sql_server_xml_is_read_with_its_counters_and_missing_indexes() {
    let xml = r#"<?xml version="1.0" encoding="utf-16"?><ShowPlanXML xmlns="http://schemas.microsoft.com/sqlserver/2004/07/showplan"><BatchSequence><Batch><Statements>
      <StmtSimple StatementText="SELECT * FROM orders WHERE total &gt; 3"><QueryPlan>
      <MissingIndexes><MissingIndexGroup Impact="98.7"><MissingIndex Table="[orders]"><ColumnGroup Usage="INEQUALITY"><Column Name="[total]"/></ColumnGroup></MissingIndex></MissingIndexGroup></MissingIndexes>
      <RelOp NodeId="0" PhysicalOp="Nested Loops" LogicalOp="Inner Join" EstimateRows="2" EstimatedTotalSubtreeCost="0.02">
        <RunTimeInformation><RunTimeCountersPerThread Thread="0" ActualRows="80" ActualExecutions="1" ActualElapsedms="50"/></RunTimeInformation>
        <NestedLoops><RelOp NodeId="1" PhysicalOp="Clustered Index Scan" LogicalOp="Clustered Index Scan" EstimateRows="2" EstimatedTotalSubtreeCost="0.01">
          <RunTimeInformation><RunTimeCountersPerThread Thread="1" ActualRows="50" ActualExecutions="1" ActualElapsedms="44"/><RunTimeCountersPerThread Thread="2" ActualRows="30" ActualExecutions="1" ActualElapsedms="40"/></RunTimeInformation>
          <IndexScan><Object Database="[shop]" Schema="[dbo]" Table="[orders]" Index="[PK_orders]"/><Predicate><ScalarOperator ScalarString="[total]&gt;(3)"/></Predicate></IndexScan></RelOp>
        </NestedLoops></RelOp></QueryPlan></StmtSimple></Statements></Batch></BatchSequence></ShowPlanXML>"#;
    let view = parse(xml);
    assert_eq!(outline(&view), ["Nested Loops", ">Clustered Index Scan [orders using PK_orders] !"], "{view:#?}");
    assert_eq!((view.nodes[1].rows, view.nodes[1].loops), (Some(40), Some(2)));
    assert!(view.nodes[1].details.iter().any(|detail| detail.value == "[total]>(3)"));
    assert_eq!(view.notes, ["Statement: SELECT * FROM orders WHERE total > 3", "Missing index: [orders] ([total])"]);
    assert_eq!(
        view.worst_reason.as_deref(),
        Some("88 % of the time (44.0 ms) is spent here; 2 rows were expected and 40 came")
    );
}

#[test]
fn data_fusion_and_spark_are_read() {
    let text = "SortExec: expr=[n DESC], metrics=[output_rows=10, elapsed_compute=1.5ms]\n  AggregateExec: mode=Single, gby=[name], metrics=[output_rows=10, elapsed_compute=20ms]\n    FilterExec: a@0 > 1, metrics=[output_rows=1.2 K, elapsed_compute=300µs]\n      DataSourceExec: file_groups={1 group}, metrics=[output_rows=5000, elapsed_compute=1ns]\n";
    let view = parse(text);
    assert_eq!(outline(&view), ["SortExec", ">AggregateExec !", ">>FilterExec", ">>>DataSourceExec"]);
    assert_eq!((view.nodes[2].rows, view.nodes[1].self_time_ns), (Some(1_200), Some(SignedNanos(20_000_000))));
    let logical = "Projection: t.a\n  Filter: t.a > Int64(1)\n    TableScan: t projection=[a]";
    assert_eq!(outline(&parse(logical)), ["Projection", ">Filter", ">>TableScan [t]"]);
    let spark = "== Physical Plan ==\nAdaptiveSparkPlan isFinalPlan=false\n+- HashAggregate(keys=[a#1], functions=[count(1)])\n   +- Exchange hashpartitioning(a#1, 200)\n      :- *(1) Filter isnotnull(a#1)\n      :  +- *(1) ColumnarToRow\n      +- FileScan parquet [a#1]\n";
    assert_eq!(
        outline(&parse(spark)),
        ["AdaptiveSparkPlan", ">HashAggregate", ">>Exchange", ">>>Filter", ">>>>ColumnarToRow", ">>>FileScan"]
    );
}

#[test]
fn what_is_no_plan_is_shown_as_text_and_never_an_error() {
    for text in [
        "",
        "Seq Scan",
        "Looks good to me",
        "{}",
        "[]",
        "[[[[",
        "{\"query_block\": 7}",
        "<html><body>502</body></html>",
        "<ShowPlanXML/>",
        "->",
        "a plan: with a colon\nand more",
        "Error: timeout",
        "Filter: x\nsomething else",
    ] {
        let view = parse(text);
        assert_eq!((view.format.as_str(), view.nodes.len(), view.text.as_str()), ("text", 0, text), "{view:#?}");
    }
}

#[test]
fn bounds_hold_and_say_so() {
    let long = "x".repeat(PLAN_BYTES + 1);
    assert_eq!(parse(&long).notes, ["the plan is longer than 1 MiB and is shown as it is"]);
    let mut wide = "Append  (cost=0.00..9.00 rows=1 width=1)\n".to_owned();
    wide.push_str(&"  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=1)\n".repeat(PLAN_NODES + 4));
    let view = parse(&wide);
    assert_eq!(view.nodes.len(), PLAN_NODES);
    assert_eq!(view.notes, ["5 further operators of the plan are not shown"]);
    let mut chatty = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=1)\n".to_owned();
    chatty.push_str(&"  Filter: a\n".repeat(100));
    let node = &parse(&chatty).nodes[0];
    assert_eq!((node.details.len(), node.details.last().unwrap().value.as_str()), (41, "and 60 further remarks"));
    let deep = format!("{}1{}", "{\"Plan\":".repeat(5_000), "}".repeat(5_000));
    assert_eq!(parse(&deep).format, "text");
}

/// A tree as depths: the first is 0, each later one at most one deeper than the one before.
fn trees() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..8, 0..30).prop_map(|steps| {
        let mut depths = vec![0];
        for step in steps {
            let last = depths.last().copied().unwrap_or(0);
            depths.push((last + 1).min(step).max(1));
        }
        depths
    })
}

fn postgres_text(depths: &[usize]) -> String {
    let line = |(at, depth): (usize, &usize)| {
        let arrow = if *depth == 0 { String::new() } else { format!("{}->  ", " ".repeat(6 * depth - 4)) };
        format!("{arrow}Node{at}  (cost=0.00..{at}.00 rows=1 width=4)\n")
    };
    depths.iter().enumerate().map(line).collect()
}

fn postgres_json(depths: &[usize]) -> String {
    fn node(at: usize, depths: &[usize]) -> Value {
        let end = (at + 1..depths.len()).find(|next| depths[*next] <= depths[at]).unwrap_or(depths.len());
        let below = (at + 1..end).filter(|next| depths[*next] == depths[at] + 1).map(|next| node(next, depths));
        serde_json::json!({"Node Type": format!("Node{at}"), "Total Cost": at, "Plan Rows": 1, "Plans": below.collect::<Vec<_>>()})
    }
    serde_json::json!([{"Plan": node(0, depths)}]).to_string()
}

fn mysql_tree(depths: &[usize]) -> String {
    let line = |(at, depth): (usize, &usize)| format!("{}-> Node{at}  (cost={at}.00 rows=1)\n", "    ".repeat(*depth));
    depths.iter().enumerate().map(line).collect()
}

fn data_fusion_text(depths: &[usize]) -> String {
    depths.iter().enumerate().map(|(at, depth)| format!("{}Node{at}Exec: x\n", "  ".repeat(*depth))).collect()
}

fn sql_server_xml(depths: &[usize]) -> String {
    let mut out = "<ShowPlanXML>".to_owned();
    for (at, depth) in depths.iter().enumerate() {
        let next = depths.get(at + 1).copied().unwrap_or(0);
        out.push_str(&format!("<RelOp PhysicalOp=\"Node{at}\" EstimatedTotalSubtreeCost=\"{at}\"><X>"));
        out.push_str(&"</X></RelOp>".repeat((depth + 1).saturating_sub(next)));
    }
    out
}

proptest! {
    /// Scenario: one tree, written as five systems write it. Guarantees: the same operators at the same depths.
    #[test]
    fn every_format_gives_the_tree_that_was_written(depths in trees()) {
        let expected: Vec<(u32, String)> = depths.iter().enumerate().map(|(at, depth)| (u32::try_from(*depth).unwrap(), format!("Node{at}"))).collect();
        for text in [postgres_text(&depths), postgres_json(&depths), mysql_tree(&depths), data_fusion_text(&depths), sql_server_xml(&depths)] {
            let view = parse(&text);
            let got: Vec<_> = view.nodes.iter().map(|node| (node.depth, node.name.trim_end_matches("Exec").to_owned())).collect();
            prop_assert_eq!(&got, &expected, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        prop_assert_eq!(parse(&text).text, text);
    }

    #[test]
    fn any_text_of_plan_like_pieces_keeps_the_rules(text in "( {0,9}|->  |-> |Seq Scan on t|\\(cost=|[0-9.]{1,9}|\\.\\.|rows=|loops=|\\(actual time=|\\)|\n|SCAN |\\|--|`--|FilterExec: |metrics=\\[|\\+- |\\*\\(1\\) |<RelOp |</RelOp>|/>|>|PhysicalOp=\"|\"|\\{\"Plan\":|\\{|\\}|\"Node Type\":|\"a\"|\\[|\\]|,|Workers Launched: |== Physical Plan ==){0,60}") {
        let view = parse(&text);
        for pair in view.nodes.windows(2) {
            prop_assert!(pair[1].depth <= pair[0].depth + 1, "{:#?}", view);
        }
        prop_assert_eq!(view.nodes.first().map_or(0, |node| node.depth), 0);
        let shares: u32 = view.nodes.iter().map(|node| node.share_permille).sum();
        prop_assert!(shares <= 1_000 + u32::try_from(view.nodes.len()).unwrap(), "{:#?}", view);
        prop_assert!(view.worst.is_none_or(|worst| usize::try_from(worst).unwrap() < view.nodes.len()));
        prop_assert_eq!(view.format == "text", view.nodes.is_empty());
    }
}
