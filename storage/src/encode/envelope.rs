//! The `resource` and `scope` columns as values, and the grouping of rows under their envelopes.

use std::collections::HashMap;
use std::hash::Hash;

use opentelemetry_proto::tonic::common::v1::{EntityRef, InstrumentationScope};
use opentelemetry_proto::tonic::resource::v1::Resource;
use telltale_model::AttributeValue;

use super::values::{for_each, key_value_proto, to_model_list};

/// What a `resource` value says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceParts {
    /// `Resource.attributes`, in the order sent.
    pub attributes: Vec<(String, AttributeValue)>,
    /// `Resource.dropped_attributes_count`.
    pub dropped_attributes_count: u32,
    /// `ResourceSpans.schema_url` or its twin.
    pub schema_url: String,
}

/// What a `scope` value says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScopeParts {
    /// `InstrumentationScope.name`.
    pub name: String,
    /// `InstrumentationScope.version`.
    pub version: String,
    /// `InstrumentationScope.attributes`, in the order sent.
    pub attributes: Vec<(String, AttributeValue)>,
    /// `InstrumentationScope.dropped_attributes_count`.
    pub dropped_attributes_count: u32,
    /// `ScopeSpans.schema_url` or its twin.
    pub schema_url: String,
}

/// Reads a value of a `resource` column.
#[must_use]
pub fn resource(bytes: &[u8]) -> ResourceParts {
    let (resource, schema_url) = resource_proto(bytes);
    let resource = resource.unwrap_or_default();
    ResourceParts {
        attributes: to_model_list(resource.attributes),
        dropped_attributes_count: resource.dropped_attributes_count,
        schema_url,
    }
}

/// Reads a value of a `scope` column.
#[must_use]
pub fn scope(bytes: &[u8]) -> ScopeParts {
    let (scope, schema_url) = scope_proto(bytes);
    let scope = scope.unwrap_or_default();
    ScopeParts {
        name: scope.name,
        version: scope.version,
        attributes: to_model_list(scope.attributes),
        dropped_attributes_count: scope.dropped_attributes_count,
        schema_url,
    }
}

/// Reads `ResourceSpans` or its twin: the resource, if there is one, and the schema URL.
pub(super) fn resource_proto(bytes: &[u8]) -> (Option<Resource>, String) {
    let (mut resource, mut schema_url) = (None, String::new());
    for_each(bytes, |field| {
        match field.number {
            1 => read_resource(field.bytes()?, resource.get_or_insert_default()),
            3 => field.text()?.clone_into(&mut schema_url),
            _ => {}
        }
        Ok(())
    });
    (resource, schema_url)
}

fn read_resource(bytes: &[u8], resource: &mut Resource) {
    for_each(bytes, |field| {
        match field.number {
            1 => resource.attributes.push(key_value_proto(field.bytes()?, 1)),
            2 => resource.dropped_attributes_count = field.u32()?,
            3 => resource.entity_refs.push(read_entity(field.bytes()?)),
            _ => {}
        }
        Ok(())
    });
}

fn read_entity(bytes: &[u8]) -> EntityRef {
    let mut entity = EntityRef::default();
    for_each(bytes, |field| {
        match field.number {
            1 => field.text()?.clone_into(&mut entity.schema_url),
            2 => field.text()?.clone_into(&mut entity.r#type),
            3 => entity.id_keys.push(field.text()?.to_owned()),
            4 => entity.description_keys.push(field.text()?.to_owned()),
            _ => {}
        }
        Ok(())
    });
    entity
}

/// Reads `ScopeSpans` or its twin: the scope, if there is one, and the schema URL.
pub(super) fn scope_proto(bytes: &[u8]) -> (Option<InstrumentationScope>, String) {
    let (mut scope, mut schema_url) = (None, String::new());
    for_each(bytes, |field| {
        match field.number {
            1 => read_scope(field.bytes()?, scope.get_or_insert_default()),
            3 => field.text()?.clone_into(&mut schema_url),
            _ => {}
        }
        Ok(())
    });
    (scope, schema_url)
}

fn read_scope(bytes: &[u8], scope: &mut InstrumentationScope) {
    for_each(bytes, |field| {
        match field.number {
            1 => field.text()?.clone_into(&mut scope.name),
            2 => field.text()?.clone_into(&mut scope.version),
            3 => scope.attributes.push(key_value_proto(field.bytes()?, 1)),
            4 => scope.dropped_attributes_count = field.u32()?,
            _ => {}
        }
        Ok(())
    });
}

/// Things in the order in which their keys first came.
#[derive(Debug)]
pub(super) struct Groups<K, V> {
    groups: HashMap<K, (usize, V)>,
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Self { groups: HashMap::new() }
    }
}

impl<K: Eq + Hash, V: Default> Groups<K, V> {
    /// Returns the group of a key, new if need be.
    pub(super) fn of(&mut self, key: K) -> &mut V {
        let next = self.groups.len();
        &mut self.groups.entry(key).or_insert_with(|| (next, V::default())).1
    }

    pub(super) fn into_vec(self) -> Vec<(K, V)> {
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_unstable_by_key(|(_, (order, _))| *order);
        groups.into_iter().map(|(key, (_, group))| (key, group)).collect()
    }
}

/// Records under their scope under their resource, keyed by the envelopes' bytes.
pub(super) type Enveloped<'a, V> = Groups<&'a [u8], Groups<&'a [u8], V>>;
