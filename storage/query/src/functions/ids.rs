//! `hex(bytes)`: ids as people write them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_model::id::push_hex;

/// `hex(bytes)`: lower-case hex of a byte string of any length; null stays null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hex {
    signature: Signature,
}

impl Hex {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Hex {
    fn name(&self) -> &'static str {
        "hex"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [DataType::FixedSizeBinary(_) | DataType::Binary | DataType::Null] => Ok(DataType::Utf8),
            _ => datafusion::common::plan_err!("hex takes bytes; use to_hex for numbers"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        super::lists::unary(&args, |array| Ok(hex_array(array)))
    }
}

/// Returns the hex text of each value of a (fixed-size) binary array.
pub(crate) fn hex_array(array: &ArrayRef) -> ArrayRef {
    let mut out = StringBuilder::with_capacity(array.len(), array.len() * 32);
    let mut text = String::with_capacity(32);
    let mut push = |value: Option<&[u8]>| match value {
        Some(bytes) => {
            text.clear();
            push_hex(&mut text, bytes);
            out.append_value(&text);
        }
        None => out.append_null(),
    };
    match array.data_type() {
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().iter().for_each(&mut push),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(&mut push),
        _ => (0..array.len()).for_each(|_| push(None)),
    }
    Arc::new(out.finish())
}
