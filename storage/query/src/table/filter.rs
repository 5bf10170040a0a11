//! Filters over shown columns, as filters over stored ones.
//!
//! What comes out may let more rows through than the filter that went in, never fewer: it only prunes. A `FilterExec`
//! above the table decides, because the table declares every filter inexact.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator, lit};
use datafusion::scalar::ScalarValue;
use telltale_model::id::decode_hex;
use telltale_model::{SpanId, TraceId};
use telltale_storage::Segment;
use telltale_storage::schema::col;

use super::columns::{Columns, Form};

/// Values of an `IN` list that DataFusion's pruning looks at.
const PRUNED_LIST: usize = 20;

/// Translates a filter; `None` when nothing of it can be used.
pub(crate) fn to_stored(filter: &Expr, columns: &Columns) -> Option<Expr> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            match (to_stored(left, columns), to_stored(right, columns)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (one, other) => one.or(other),
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(to_stored(left, columns)?.or(to_stored(right, columns)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let id = id_equals(left, right, columns).or_else(|| id_equals(right, left, columns));
            id.or_else(|| as_stored(filter, columns))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            id_in(expr, list, columns).or_else(|| as_stored(filter, columns))
        }
        Expr::IsNull(inner) => id_column(inner, columns).map(Expr::is_null).or_else(|| as_stored(filter, columns)),
        Expr::IsNotNull(inner) => {
            id_column(inner, columns).map(Expr::is_not_null).or_else(|| as_stored(filter, columns))
        }
        Expr::Like(Like { negated: false, expr, pattern, escape_char: None, case_insensitive: false }) => {
            id_begins(expr, pattern, columns).or_else(|| as_stored(filter, columns))
        }
        _ => as_stored(filter, columns),
    }
}

/// Takes a filter over columns that are shown as they are stored.
fn as_stored(filter: &Expr, columns: &Columns) -> Option<Expr> {
    if filter.is_volatile() {
        return None;
    }
    let mut usable = true;
    let stored = filter.clone().transform_down(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                usable &= matches!(columns.form(&column.name), Some(Form::Stored(_)));
                Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
            }
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(..) => {
                usable = false;
                Transformed::no(expr)
            }
            other => Transformed::no(other),
        })
    });
    stored.ok().map(|stored| stored.data).filter(|_| usable)
}

fn id_column(expr: &Expr, columns: &Columns) -> Option<Expr> {
    let Expr::Column(column) = expr else { return None };
    matches!(columns.form(&column.name)?, Form::Hex(_)).then(|| Expr::Column(Column::new_unqualified(&column.name)))
}

fn id_equals(id: &Expr, value: &Expr, columns: &Columns) -> Option<Expr> {
    let id = id_column(id, columns)?;
    Some(id_literal(&id, value, columns)?.map_or_else(|| lit(false), |value| id.eq(value)))
}

fn id_in(id: &Expr, list: &[Expr], columns: &Columns) -> Option<Expr> {
    let id = id_column(id, columns)?;
    let values: Option<Vec<_>> = list.iter().map(|value| id_literal(&id, value, columns)).collect();
    let values: Vec<Expr> = values?.into_iter().flatten().collect();
    // Lists beyond this length are not compared with statistics; alternatives of short lists are.
    let lists = values.chunks(PRUNED_LIST).map(|values| id.clone().in_list(values.to_vec(), false));
    Some(balanced(lists.collect()).unwrap_or_else(|| lit(false)))
}

/// Joins alternatives without a deep chain.
fn balanced(mut parts: Vec<Expr>) -> Option<Expr> {
    while parts.len() > 1 {
        parts = parts.chunks(2).filter_map(|pair| pair.iter().cloned().reduce(Expr::or)).collect();
    }
    parts.pop()
}

/// Takes `id LIKE 'digits%'` as a range of ids.
fn id_begins(id: &Expr, pattern: &Expr, columns: &Columns) -> Option<Expr> {
    let Expr::Column(column) = id else { return None };
    let column = id_column(id, columns).map(|id| (id, &column.name))?;
    let Expr::Literal(pattern, _) = pattern else { return None };
    let digits = pattern.try_as_str().flatten()?.strip_suffix('%')?;
    let width = width_of(column.1, columns)?;
    let length = usize::try_from(width).ok()?.checked_mul(2)?;
    if digits.len() > length || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let bound = |fill: &str| Some(lit(stored_id(width, &format!("{digits}{}", fill.repeat(length - digits.len())))?));
    Some(column.0.clone().gt_eq(bound("0")?).and(column.0.lt_eq(bound("f")?)))
}

/// Returns how many bytes an id column has.
fn width_of(column: &str, columns: &Columns) -> Option<i32> {
    match columns.stored().field_with_name(column).ok()?.data_type() {
        arrow::datatypes::DataType::FixedSizeBinary(width) => Some(*width),
        _ => None,
    }
}

/// Returns the stored form of the hex text of an id, `None` for what is none.
fn stored_id(width: i32, text: &str) -> Option<ScalarValue> {
    let bytes = match width {
        16 => decode_hex::<16>(text).ok().map(Vec::from),
        8 => decode_hex::<8>(text).ok().map(Vec::from),
        _ => None,
    };
    bytes.map(|bytes| ScalarValue::FixedSizeBinary(width, Some(bytes)))
}

/// Returns the stored form of a hex literal; `None` for what is no literal, `Some(None)` for a text that no id shows as.
fn id_literal(id: &Expr, value: &Expr, columns: &Columns) -> Option<Option<Expr>> {
    let Expr::Column(column) = id else { return None };
    let Expr::Literal(value, _) = value else { return None };
    let text = value.try_as_str()?;
    let width = width_of(&column.name, columns)?;
    Some(text.and_then(|text| stored_id(width, text)).map(lit))
}

/// Returns the parts of a translated filter that are about ids alone.
pub(crate) fn by_id(stored: &Expr, columns: &Columns) -> Option<Expr> {
    let is_id = |column: &&Column| matches!(columns.form(&column.name), Some(Form::Hex(_)));
    let parts = split_conjunction(stored).into_iter().filter(|part| {
        let used = part.column_refs();
        !used.is_empty() && used.iter().all(is_id)
    });
    conjunction(parts.cloned())
}

/// Returns the parts of a translated filter that are about the columns of a schema alone.
pub(crate) fn over(stored: &Expr, schema: &DFSchema) -> Option<Expr> {
    let parts = split_conjunction(stored).into_iter().filter(|part| {
        let used = part.column_refs();
        !used.is_empty() && used.iter().all(|column| schema.has_column_with_unqualified_name(&column.name))
    });
    conjunction(parts.cloned())
}

/// Tells whether a segment may hold rows that pass; never false when it does.
pub(crate) fn may_match(filter: &Expr, segment: &Segment) -> bool {
    match filter {
        Expr::Literal(ScalarValue::Boolean(Some(false)), _) => false,
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            may_match(left, segment) && may_match(right, segment)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            may_match(left, segment) || may_match(right, segment)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), Expr::Literal(value, _)) => may_compare(&column.name, *op, value, segment),
            (Expr::Literal(value, _), Expr::Column(column)) => {
                op.swap().is_none_or(|op| may_compare(&column.name, op, value, segment))
            }
            _ => true,
        },
        Expr::InList(InList { expr, list, negated: false }) => match expr.as_ref() {
            Expr::Column(column) => list.iter().any(|value| match value {
                Expr::Literal(value, _) => may_compare(&column.name, Operator::Eq, value, segment),
                _ => true,
            }),
            _ => true,
        },
        _ => true,
    }
}

fn may_compare(column: &str, op: Operator, value: &ScalarValue, segment: &Segment) -> bool {
    match value {
        ScalarValue::TimestampNanosecond(Some(time), _) if column == segment.table().time_column() => match op {
            Operator::Eq => (segment.min_time()..=segment.max_time()).contains(time),
            Operator::Lt => segment.min_time() < *time,
            Operator::LtEq => segment.min_time() <= *time,
            Operator::Gt => segment.max_time() > *time,
            Operator::GtEq => segment.max_time() >= *time,
            _ => true,
        },
        ScalarValue::FixedSizeBinary(_, Some(bytes)) if op == Operator::Eq => match column {
            col::TRACE_ID => TraceId::from_slice(bytes).is_none_or(|id| segment.may_contain_trace(&id)),
            // A span's parent may lie elsewhere, so only the row's own id prunes.
            col::SPAN_ID => SpanId::from_slice(bytes).is_none_or(|id| segment.may_contain_span(&id)),
            _ => true,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::logical_expr::col as column;
    use telltale_storage::schema::Table;

    fn spans() -> Columns {
        Columns::of(Table::Spans.schema())
    }

    #[test]
    fn hex_becomes_bytes_and_impossible_ids_match_nothing() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let bytes = lit(ScalarValue::FixedSizeBinary(16, Some(decode_hex::<16>(id).unwrap().to_vec())));
        let shown = column("trace_id").eq(lit(id));
        assert_eq!(to_stored(&shown, &spans()), Some(column("trace_id").eq(bytes.clone())));
        assert_eq!(to_stored(&lit(id).eq(column("trace_id")), &spans()), Some(column("trace_id").eq(bytes.clone())));
        assert_eq!(to_stored(&column("span_id").eq(lit("xy")), &spans()), Some(lit(false)));
        let list = column("trace_id").in_list(vec![lit(id), lit("no id")], false);
        assert_eq!(to_stored(&list, &spans()), Some(column("trace_id").in_list(vec![bytes], false)));
        assert_eq!(to_stored(&column("trace_id").not_eq(lit(id)), &spans()), None);
        let bound = |text: &str| lit(stored_id(8, text).unwrap());
        let range =
            column("span_id").gt_eq(bound("ab00000000000000")).and(column("span_id").lt_eq(bound("abffffffffffffff")));
        assert_eq!(to_stored(&column("span_id").like(lit("ab%")), &spans()), Some(range));
        assert_eq!(to_stored(&column("span_id").like(lit("a_%")), &spans()), None);
    }

    #[test]
    fn what_cannot_be_translated_widens_the_filter_and_never_narrows_it() {
        let name = column("name").eq(lit("GET"));
        let foreign = column("scope_name").eq(lit("x"));
        assert_eq!(to_stored(&name.clone().and(foreign.clone()), &spans()), Some(name.clone()));
        assert_eq!(to_stored(&name.or(foreign.clone()), &spans()), None);
        assert_eq!(to_stored(&foreign, &spans()), None);
        assert_eq!(to_stored(&column("parent_span_id").is_null(), &spans()), Some(column("parent_span_id").is_null()));
    }
}
