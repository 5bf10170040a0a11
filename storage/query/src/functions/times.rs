//! `unix_nano(n)` and `add_nanos(time, n)`: OTLP's nanoseconds as timestamps.

use std::sync::Arc;

use arrow::array::{AsArray, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType, UInt64Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::schema::timestamp;

/// `unix_nano(n)`: an unsigned number of nanoseconds as a timestamp; what lies beyond the year 2262 becomes its end.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct UnixNano {
    signature: Signature,
}

impl UnixNano {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::UInt64], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for UnixNano {
    fn name(&self) -> &'static str {
        "unix_nano"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(timestamp())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        super::lists::unary(&args, |array| {
            let nanos = array.as_primitive::<UInt64Type>();
            let out: TimestampNanosecondArray =
                nanos.iter().map(|value| value.map(|value| i64::try_from(value).unwrap_or(i64::MAX))).collect();
            Ok(Arc::new(out.with_timezone("UTC")))
        })
    }
}

/// `add_nanos(time, n)`: a timestamp moved by `n` nanoseconds, saturating at the ends of what a timestamp can hold.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct AddNanos {
    signature: Signature,
}

impl AddNanos {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for AddNanos {
    fn name(&self) -> &'static str {
        "add_nanos"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [time, DataType::Int64] if *time == timestamp() => Ok(timestamp()),
            _ => plan_err!("add_nanos takes a Timestamp(ns, UTC) and a BIGINT"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [times, nanos] = arrays.as_slice() else {
            return exec_err!("add_nanos takes two arguments");
        };
        let (times, nanos) = (times.as_primitive::<TimestampNanosecondType>(), nanos.as_primitive::<Int64Type>());
        let out: TimestampNanosecondArray =
            times.iter().zip(nanos.iter()).map(|(time, nanos)| Some(time?.saturating_add(nanos?))).collect();
        debug_assert_eq!(out.len(), times.len(), "one result a row");
        Ok(ColumnarValue::Array(Arc::new(out.with_timezone("UTC"))))
    }
}
