//! `has_event(events, 'name')` and `sampling_weight(trace_state)`: what is in a span's list of events and in its trace state.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::schema::col;

/// `has_event(events, 'name')`: whether one of the events has the name.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct HasEvent {
    signature: Signature,
}

impl HasEvent {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for HasEvent {
    fn name(&self) -> &'static str {
        "has_event"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [DataType::List(item), DataType::Utf8] if matches!(item.data_type(), DataType::Struct(_)) => {
                Ok(DataType::Boolean)
            }
            _ => plan_err!("has_event takes the column events and a name"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [events, ColumnarValue::Scalar(name)] = args.args.as_slice() else {
            return exec_err!("the name of has_event is one text");
        };
        let events = events.to_array(args.number_rows)?;
        let wanted = name.try_as_str().flatten();
        let lists = events.as_list::<i32>();
        let Some(names) = names_of(lists) else {
            return exec_err!("has_event takes the column events");
        };
        let found: BooleanArray = (0..lists.len()).map(|row| Some(has(lists, row, names, wanted?))).collect();
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

fn names_of(lists: &ListArray) -> Option<&StringArray> {
    lists.values().as_struct_opt()?.column_by_name(col::NAME)?.as_string_opt()
}

fn has(lists: &ListArray, row: usize, names: &StringArray, wanted: &str) -> bool {
    let offsets = lists.value_offsets();
    let bound = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    lists.is_valid(row) && (bound(row)..bound(row + 1)).any(|at| names.value(at) == wanted)
}

/// `sampling_weight(trace_state)`: how many spans a span stands for: the inverse of its sampling probability, which
/// `ot=th:…` tells (OpenTelemetry, "TraceState: Probability Sampling"); 1 without.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SamplingWeight {
    signature: Signature,
}

impl SamplingWeight {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for SamplingWeight {
    fn name(&self) -> &'static str {
        "sampling_weight"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        super::lists::unary(&args, |array: &ArrayRef| {
            let states = array.as_string::<i32>();
            let out: Float64Array = states.iter().map(|state| Some(state.map_or(1.0, weight))).collect();
            Ok(Arc::new(out))
        })
    }
}

/// Digits of a rejection threshold, which has 56 bits.
const THRESHOLD_DIGITS: usize = 14;

/// Returns the adjusted count of a trace state.
fn weight(trace_state: &str) -> f64 {
    let threshold = trace_state
        .split(',')
        .find_map(|member| member.trim().strip_prefix("ot="))
        .and_then(|value| value.split(';').find_map(|pair| pair.strip_prefix("th:")));
    let Some(digits) = threshold.filter(|digits| (1..=THRESHOLD_DIGITS).contains(&digits.len())) else { return 1.0 };
    // Trailing zeros are left out.
    let padded = format!("{digits:0<THRESHOLD_DIGITS$}");
    let is_hex = padded.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(threshold) = u64::from_str_radix(&padded, 16).ok().filter(|_| is_hex) else { return 1.0 };
    const ALL: u64 = 1 << 56;
    #[expect(clippy::cast_precision_loss, reason = "56 bits lose three at most")]
    let weight = ALL as f64 / ALL.saturating_sub(threshold).max(1) as f64;
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_stands_for_as_many_as_its_threshold_says() {
        for (state, expected) in [
            ("", 1.0),
            ("ot=th:0", 1.0),
            ("ot=th:8", 2.0),
            ("ot=th:c", 4.0),
            ("vendor=x,ot=rv:ab;th:e", 8.0),
            ("ot=th:fd70a4", 100.0),
            ("ot=th:xyz", 1.0),
            ("ot=th:", 1.0),
            ("ot=th:+8", 1.0),
            ("ot=th:123456789abcdef", 1.0),
            ("other=th:8", 1.0),
        ] {
            assert!((weight(state) - expected).abs() < 0.001, "{state}: {}", weight(state));
        }
        assert!(weight("ot=th:ffffffffffffff").is_finite());
    }
}
