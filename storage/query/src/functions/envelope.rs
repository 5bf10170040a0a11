//! Functions over stored OTLP bytes: the attributes of a resource, the name of a scope, a nested attribute list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use telltale_storage::encode::{self, ScopeParts};
use telltale_storage::schema::attribute_list;

use super::lists::AttributesBuilder;

/// What is taken out of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// `otlp_attributes(bytes)`: a `KeyValueList` as an attribute list.
    Attributes,
    /// `otlp_resource_attributes(resource)`.
    ResourceAttributes,
    /// `otlp_scope_attributes(scope)`.
    ScopeAttributes,
    /// `otlp_scope_name(scope)`; null when the sender gave none.
    ScopeName,
    /// `otlp_scope_version(scope)`; null when the sender gave none.
    ScopeVersion,
}

impl Part {
    pub(crate) const ALL: [Self; 5] =
        [Self::Attributes, Self::ResourceAttributes, Self::ScopeAttributes, Self::ScopeName, Self::ScopeVersion];

    /// Returns the function's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Attributes => "otlp_attributes",
            Self::ResourceAttributes => "otlp_resource_attributes",
            Self::ScopeAttributes => "otlp_scope_attributes",
            Self::ScopeName => "otlp_scope_name",
            Self::ScopeVersion => "otlp_scope_version",
        }
    }

    /// Returns the type of the result.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::ScopeName | Self::ScopeVersion => DataType::Utf8,
            _ => attribute_list(),
        }
    }

    fn of_bytes(self, array: &ArrayRef) -> Result<ArrayRef> {
        let Some(values) = array.as_binary_opt::<i32>() else {
            return exec_err!("{} takes stored OTLP bytes", self.name());
        };
        match self {
            Self::ScopeName => Ok(texts(values.iter(), |scope| scope.name)),
            Self::ScopeVersion => Ok(texts(values.iter(), |scope| scope.version)),
            _ => {
                let mut out = AttributesBuilder::default();
                for bytes in values {
                    match (bytes, self) {
                        // A row without a list of its own has an empty one, as `attributes` columns do.
                        (None, _) => out.append(&[]),
                        (Some(bytes), Self::ResourceAttributes) => out.append(&encode::resource(bytes).attributes),
                        (Some(bytes), Self::ScopeAttributes) => {
                            out.append(&encode::scope(bytes).attributes);
                        }
                        (Some(bytes), _) => out.append(&encode::key_values(bytes)),
                    }
                }
                out.finish()
            }
        }
    }
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a [u8]>>, part: impl Fn(ScopeParts) -> String) -> ArrayRef {
    let mut out = StringBuilder::new();
    for bytes in values {
        out.append_option(bytes.map(encode::scope).map(&part).filter(|text| !text.is_empty()));
    }
    Arc::new(out.finish())
}

/// The function of a [`Part`]; a dictionary column is decoded once a distinct value.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct EnvelopeFunction {
    part: Part,
    signature: Signature,
}

impl EnvelopeFunction {
    pub(crate) fn new(part: Part) -> Self {
        Self { part, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for EnvelopeFunction {
    fn name(&self) -> &str {
        self.part.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let bytes = match arg_types {
            [DataType::Dictionary(_, value)] => **value == DataType::Binary,
            [DataType::Binary] => true,
            _ => false,
        };
        if bytes { Ok(self.part.data_type()) } else { plan_err!("{} takes stored OTLP bytes", self.part.name()) }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        super::lists::unary(&args, |array| match array.data_type() {
            DataType::Dictionary(..) => {
                let dictionary = array.as_dictionary::<Int32Type>();
                let values = self.part.of_bytes(dictionary.values())?;
                Ok(arrow::compute::take(&values, dictionary.keys(), None)?)
            }
            _ => self.part.of_bytes(array),
        })
    }
}
