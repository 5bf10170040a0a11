//! A query plan as a tree: `POST /api/plan`, and in a story the plans that its spans recorded.

use serde::{Deserialize, Serialize};

use crate::SignedNanos;

/// A query plan that was read from the text which a database printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PlanView {
    /// `postgresql`, `mysql`, `sqlite`, `sqlserver`, `datafusion`, `spark`; `text` when the format is not understood.
    pub format: String,
    /// The format in words.
    pub label: String,
    /// The operators, each before its inputs; empty when the format is not understood.
    #[serde(default)]
    pub nodes: Vec<PlanNode>,
    /// Position of the operator that costs most by itself; none when the plan has neither times nor costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<u32>,
    /// Why that one, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_reason: Option<String>,
    /// Time of the whole plan, when it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_time_ns: Option<SignedNanos>,
    /// What the plan says beside its operators: planning time, triggers, hints; and what was left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The plan as it was recorded.
    pub text: String,
}

/// One operator of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PlanNode {
    /// Levels below the top, from 0; the parent is the nearest node before this one with a smaller depth.
    pub depth: u32,
    /// What it does: `Seq Scan`, `Hash Join`.
    pub name: String,
    /// What it works on: table, index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The estimated cost with its inputs, in the planner's own unit and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// Rows that the planner expected, each time it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_estimated: Option<u64>,
    /// Rows that came, each time it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How often it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loops: Option<u64>,
    /// Measured time with its inputs, all runs together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<SignedNanos>,
    /// Measured time without its inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_time_ns: Option<SignedNanos>,
    /// Its own share of the time, or of the cost when no time was measured, in thousandths.
    #[serde(default)]
    pub share_permille: u32,
    /// How many times more, or fewer, rows came than were expected, from 10 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misestimate: Option<u64>,
    /// Everything else that the plan says of it: conditions, keys, buffers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<PlanDetail>,
}

/// One further statement of a plan about an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PlanDetail {
    /// What it is: `Filter`, `Sort Key`; empty for a remark without a key.
    pub key: String,
    /// The value as the plan has it.
    pub value: String,
}
