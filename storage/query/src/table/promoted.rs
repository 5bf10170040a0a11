//! Segments in which frequent attributes have columns of their own, read as if all were in the list.
//!
//! For each file DataFusion asks the adapter to put expressions over the table's columns in terms of the file's. `attr('key')` and its
//! kin become the column where it says all there is, so that its statistics prune; every other use of `attributes` gets lists
//! that are put together again: whole ones, or with no more than the keys that the statement asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{Operator, ScalarUDF};
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use telltale_storage::schema::col;
use telltale_storage::segment::promoted::ORDER;
use telltale_storage::{Promoted, ValueType};

use crate::functions::{AttributeFunction, Member, RestoreAttributes, Restored};

type Expr = Arc<dyn PhysicalExpr>;

/// Makes the adapter of each file.
#[derive(Debug)]
pub(crate) struct PromotedColumns {
    /// Keys that the statement asks for, when it asks for attributes in no other way.
    keys: Option<BTreeSet<String>>,
}

impl PromotedColumns {
    pub(crate) fn new(keys: Option<BTreeSet<String>>) -> Self {
        Self { keys }
    }
}

impl PhysicalExprAdapterFactory for PromotedColumns {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let default = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&logical), Arc::clone(&physical))?;
        let promoted = Promoted::of_schema(&physical).map_err(DataFusionError::Execution)?.map(Arc::new);
        Ok(match promoted {
            Some(promoted) => Arc::new(Adapter { default, promoted, logical, physical, keys: self.keys.clone() }),
            None => default,
        })
    }
}

/// Puts expressions in terms of one file.
#[derive(Debug)]
struct Adapter {
    default: Arc<dyn PhysicalExprAdapter>,
    promoted: Arc<Promoted>,
    logical: SchemaRef,
    physical: SchemaRef,
    keys: Option<BTreeSet<String>>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Expr) -> Result<Expr> {
        let done = |expr| Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump));
        let rewritten = expr.transform_down(|expr| {
            if let Some(comparison) = self.comparison(&expr)? {
                done(comparison)
            } else if let Some((function, key)) = call(&expr) {
                done(self.attribute(&expr, function, key)?)
            } else if let Some(column) = expr.downcast_ref::<Column>() {
                done(if column.name() == col::ATTRIBUTES { self.lists()? } else { self.default.rewrite(expr)? })
            } else {
                Ok(Transformed::no(expr))
            }
        });
        rewritten.data()
    }
}

/// Returns what a call of `attr` or its kin over the column of attributes asks for.
fn call(expr: &Expr) -> Option<(&ScalarFunctionExpr, &str)> {
    let function = ScalarFunctionExpr::try_downcast_func::<AttributeFunction>(expr.as_ref())?;
    let [source, key] = function.args() else { return None };
    let is_attributes = source.downcast_ref::<Column>().is_some_and(|column| column.name() == col::ATTRIBUTES);
    let key = key.downcast_ref::<Literal>()?.value().try_as_str().flatten()?;
    is_attributes.then_some((function, key))
}

impl Adapter {
    fn column(&self, name: &str) -> Result<Expr> {
        Ok(Arc::new(Column::new_with_schema(name, &self.physical)?))
    }

    /// Returns the columns of a key, each with its type.
    fn columns(&self, key: &str) -> Result<Vec<(ValueType, Expr)>> {
        let columns = self.promoted.columns_of(key);
        columns.map(|(_, column)| Ok((column.value_type, self.column(&column.name())?))).collect()
    }

    /// Returns what says the same as a call.
    fn attribute(&self, expr: &Expr, function: &ScalarFunctionExpr, key: &str) -> Result<Expr> {
        let Some(asked) = function.fun().inner().downcast_ref::<AttributeFunction>() else {
            return Err(DataFusionError::Internal(format!("{} is no function of attributes", function.name())));
        };
        let columns = self.columns(key)?;
        let of_type = |wanted| columns.iter().find(|(found, _)| *found == wanted).map(|(_, column)| column);
        let found = match (asked.member(), columns.as_slice()) {
            (Member::Text, [(ValueType::Str, column)]) if self.promoted.is_whole(key) => Some(Arc::clone(column)),
            // Whatever is no integer is null here, wherever it is.
            (Member::Int, _) => of_type(ValueType::Int).map(Arc::clone),
            (Member::Bool, _) => of_type(ValueType::Bool).map(Arc::clone),
            (Member::Double, [(ValueType::Double, column)]) if self.promoted.is_whole(key) => Some(Arc::clone(column)),
            (Member::Double, [(ValueType::Int, column)]) if self.promoted.is_whole(key) => {
                Some(Arc::new(CastExpr::new(Arc::clone(column), DataType::Float64, None)) as Expr)
            }
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let only = BTreeSet::from([key.to_owned()]);
        let mut args = function.args().to_vec();
        if let Some(list) = args.first_mut() {
            *list = self.lists_with(&only)?;
        }
        Arc::clone(expr).with_new_children(args)
    }

    /// Returns `attr('key') = 'text'` as a comparison with the only column of a key that has whole numbers or truth values alone.
    fn comparison(&self, expr: &Expr) -> Result<Option<Expr>> {
        let Some(compared) = expr.downcast_ref::<BinaryExpr>().filter(|compared| *compared.op() == Operator::Eq) else {
            return Ok(None);
        };
        let sides = [(compared.left(), compared.right()), (compared.right(), compared.left())];
        for (side, other) in sides {
            let (Some((function, key)), Some(literal)) = (call(side), other.downcast_ref::<Literal>()) else {
                continue;
            };
            let asked = function.fun().inner().downcast_ref::<AttributeFunction>().map(AttributeFunction::member);
            let (Some(Member::Text), Some(text)) = (asked, literal.value().try_as_str().flatten()) else { continue };
            if !self.promoted.is_whole(key) {
                continue;
            }
            let columns = self.columns(key)?;
            let value = match columns.as_slice() {
                [(ValueType::Int, _)] => whole_number(text),
                [(ValueType::Bool, _)] => text.parse().ok().map(|value| ScalarValue::Boolean(Some(value))),
                _ => None,
            };
            if let (Some((_, column)), Some(value)) = (columns.first(), value) {
                let (column, value) = (Arc::clone(column), Arc::new(Literal::new(value)));
                return Ok(Some(Arc::new(BinaryExpr::new(column, Operator::Eq, value))));
            }
        }
        Ok(None)
    }

    /// Returns the lists as the statement needs them.
    fn lists(&self) -> Result<Expr> {
        if let Some(keys) = &self.keys {
            return self.lists_with(keys);
        }
        let columns = self.promoted.columns().iter().map(|column| column.name());
        let names = [col::ATTRIBUTES.to_owned(), ORDER.to_owned()].into_iter().chain(columns);
        self.restored(Restored::Whole, names)
    }

    /// Returns lists in which the given keys are found.
    fn lists_with(&self, keys: &BTreeSet<String>) -> Result<Expr> {
        let all = self.promoted.columns().iter().enumerate();
        let (places, names): (Vec<_>, Vec<_>) =
            all.filter(|(_, column)| keys.contains(&column.key)).map(|(place, column)| (place, column.name())).unzip();
        if places.is_empty() {
            return self.column(col::ATTRIBUTES);
        }
        let has_list = !keys.iter().all(|key| self.promoted.is_whole(key));
        let names = has_list.then(|| col::ATTRIBUTES.to_owned()).into_iter().chain(names);
        self.restored(Restored::Keys { has_list, places }, names)
    }

    fn restored(&self, form: Restored, columns: impl Iterator<Item = String>) -> Result<Expr> {
        let function = RestoreAttributes::new(Arc::clone(&self.promoted), form);
        let args = columns.map(|name| self.column(&name)).collect::<Result<Vec<_>>>()?;
        let field = Arc::new(self.logical.field_with_name(col::ATTRIBUTES)?.clone());
        let (function, config) = (Arc::new(ScalarUDF::new_from_impl(function)), Arc::new(ConfigOptions::default()));
        Ok(Arc::new(ScalarFunctionExpr::new(RestoreAttributes::NAME, function, args, field, config)))
    }
}

/// Returns the number whose text this is, as `attr` writes it.
fn whole_number(text: &str) -> Option<ScalarValue> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(ScalarValue::Int64(Some(number)))
}
