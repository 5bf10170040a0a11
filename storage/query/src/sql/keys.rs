//! Which keys of attributes a statement asks for, when it asks for attributes in no other way.
//!
//! A scan then reads no other columns of attributes. Whenever a plan does anything with a column named `attributes` but hand it on or
//! give it to `attr` and its kin with a fixed key, all of it is needed.

use std::collections::BTreeSet;

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan};
use telltale_storage::schema::col;

use crate::functions::{AttributeFunction, is_attribute_list};

/// Returns the keys; `None`: all attributes are needed.
pub(super) fn attribute_keys(plan: &LogicalPlan) -> Result<Option<BTreeSet<String>>> {
    let is_whole = plan.schema().fields().iter().any(|field| is_attribute_list(field.data_type()));
    let mut keys = Keys { is_whole, ..Keys::default() };
    plan.apply_with_subqueries(|node| keys.add_node(node))?;
    Ok((!keys.is_whole).then_some(keys.keys))
}

#[derive(Default)]
struct Keys {
    keys: BTreeSet<String>,
    is_whole: bool,
}

impl Keys {
    fn add_node(&mut self, node: &LogicalPlan) -> Result<TreeNodeRecursion> {
        let hands_on = matches!(node, LogicalPlan::Projection(_));
        // Nodes that look at no columns but those in their expressions.
        self.is_whole |= !matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::Window(_)
                | LogicalPlan::Aggregate(_)
                | LogicalPlan::Sort(_)
                | LogicalPlan::Join(_)
                | LogicalPlan::Union(_)
                | LogicalPlan::TableScan(_)
                | LogicalPlan::EmptyRelation(_)
                | LogicalPlan::Subquery(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Limit(_)
                | LogicalPlan::Values(_)
                | LogicalPlan::Explain(_)
                | LogicalPlan::Analyze(_)
        );
        node.apply_expressions(|expr| {
            if !(hands_on && matches!(expr, Expr::Column(_))) {
                self.add(expr)?;
            }
            Ok(TreeNodeRecursion::Continue)
        })
    }

    fn add(&mut self, expr: &Expr) -> Result<()> {
        expr.apply(|expr| {
            Ok(match expr {
                Expr::ScalarFunction(function) => match key_of(function) {
                    Some(key) => {
                        self.keys.insert(key.to_owned());
                        TreeNodeRecursion::Jump
                    }
                    None => TreeNodeRecursion::Continue,
                },
                Expr::Column(column) | Expr::OuterReferenceColumn(_, column) if column.name == col::ATTRIBUTES => {
                    self.is_whole = true;
                    TreeNodeRecursion::Stop
                }
                _ => TreeNodeRecursion::Continue,
            })
        })?;
        Ok(())
    }
}

/// Returns the key of `attr(attributes, 'key')` and its kin.
fn key_of(function: &ScalarFunction) -> Option<&str> {
    let [Expr::Column(column), Expr::Literal(key, _)] = function.args.as_slice() else { return None };
    let is_asked = function.func.inner().is::<AttributeFunction>() && column.name == col::ATTRIBUTES;
    if is_asked { key.try_as_str().flatten() } else { None }
}
