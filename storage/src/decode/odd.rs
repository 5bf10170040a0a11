//! Notes what is odd about the attributes of a record that is kept.

use super::attributes::Attributes;
use super::context::Context;
use super::issue::IssueCode;

/// The record in a message: what it is and its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) what: &'static str,
    pub(super) name: &'a str,
}

#[inline]
pub(super) fn attributes(
    context: &mut Context<'_>,
    service_name: Option<&str>,
    attributes: &Attributes<'_>,
    subject: Subject<'_>,
) {
    if attributes.odd != super::attributes::Oddities::default() {
        note(context, service_name, attributes, subject);
    }
}

#[cold]
fn note(context: &mut Context<'_>, service_name: Option<&str>, attributes: &Attributes<'_>, subject: Subject<'_>) {
    let Subject { what, name } = subject;
    let odd = attributes.odd;
    if let Some((key, bytes)) = odd.huge {
        context.odd(IssueCode::HugeAttribute, service_name, || {
            format!("attribute {key:?} of {what} {name:?} has {bytes} bytes")
        });
    }
    if let Some(key) = odd.duplicate {
        context.odd(IssueCode::DuplicateAttributeKey, service_name, || {
            format!("{what} {name:?} has attribute {key:?} twice")
        });
    }
    if odd.string_table {
        context.odd(IssueCode::StringTableReference, service_name, || {
            format!("an attribute of {what} {name:?} refers to a string table")
        });
    }
}
