//! The lists of attributes of a segment in which some have columns of their own; used by scans alone, no function of SQL.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::Promoted;
use telltale_storage::schema::attribute_list;

/// What of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Restored {
    /// All as it was written; the arguments are the list, the order, and all columns.
    Whole,
    /// What the functions of some keys find; the arguments are the list, if it is needed, and the columns of these places.
    Keys {
        /// Whether the first argument is the list.
        has_list: bool,
        /// Places of the columns that follow.
        places: Vec<usize>,
    },
}

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct RestoreAttributes {
    promoted: Arc<Promoted>,
    form: Restored,
    signature: Signature,
}

impl RestoreAttributes {
    /// What plans show.
    pub(crate) const NAME: &str = "restore_attributes";

    pub(crate) fn new(promoted: Arc<Promoted>, form: Restored) -> Self {
        Self { promoted, form, signature: Signature::variadic_any(Volatility::Immutable) }
    }

    fn lists(&self, rows: usize, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        match (&self.form, arguments) {
            (Restored::Whole, [list, order, columns @ ..]) => Ok(self.promoted.restore(list, order, columns)?),
            (Restored::Keys { has_list: true, places }, [list, columns @ ..]) => {
                self.some(rows, Some(list), places, columns)
            }
            (Restored::Keys { has_list: false, places }, columns) => self.some(rows, None, places, columns),
            _ => exec_err!("{} without its columns", Self::NAME),
        }
    }

    fn some(&self, rows: usize, list: Option<&ArrayRef>, places: &[usize], columns: &[ArrayRef]) -> Result<ArrayRef> {
        let columns: Vec<_> = places.iter().copied().zip(columns.iter().map(Arc::clone)).collect();
        Ok(self.promoted.restore_some(rows, list.map(AsRef::as_ref), &columns)?)
    }
}

impl ScalarUDFImpl for RestoreAttributes {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(attribute_list())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arguments = args.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
        self.lists(rows, &arguments).map(ColumnarValue::Array)
    }
}
