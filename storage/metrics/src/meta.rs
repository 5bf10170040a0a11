//! What is known of a series and of its resource, and how it is read from a row.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Int32Type;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use prost::Message as _;
use telltale_prometheus::name::{self, PROMOTED};
use telltale_prometheus::otlp::{FAMILY_KEY, TYPE_KEY};
use telltale_prometheus::{FamilyType, SCOPE};
use telltale_promql::{Error, Label, Labels};
use telltale_storage::schema::{Table, col};
use xxhash_rust::xxh3::xxh3_128;

use crate::attribute;
use crate::columns::{booleans, bytes, ids, number, numbers, text, texts};
use crate::family::{Family, Temporality};

/// The id of a stored series.
pub(crate) type SeriesId = [u8; 16];

/// A label in Prometheus's spelling and the sender's.
pub(crate) type Rename = (String, String);

/// What the metadata API tells about a metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct About {
    /// Its family's name, where that is not the metric's own.
    pub(crate) family: Option<String>,
    /// Its family's type, where the sender said so.
    pub(crate) kind: Option<FamilyType>,
    pub(crate) description: String,
}

/// A stored series.
#[derive(Debug)]
pub(crate) struct SeriesMeta {
    pub(crate) id: SeriesId,
    pub(crate) family: Arc<Family>,
    pub(crate) about: Arc<About>,
    /// Labels in Prometheus's spelling, without `__name__`.
    pub(crate) labels: Labels,
    /// Labels whose key was spelt differently: (Prometheus's, the sender's).
    pub(crate) renamed: Arc<[Rename]>,
    pub(crate) resource: Arc<ResourceMeta>,
}

impl SeriesMeta {
    /// Returns the value of a label by either spelling; empty without one.
    pub(crate) fn label(&self, name: &str) -> &str {
        let found = self.labels.get(name);
        if !found.is_empty() || self.renamed.is_empty() {
            return found;
        }
        let other = self.renamed.iter().find(|(_, original)| original == name);
        other.map_or("", |(translated, _)| self.labels.get(translated))
    }

    /// Returns the labels as the sender spelt them.
    pub(crate) fn original_labels(&self) -> Labels {
        let spell = |label: &Label| {
            let original = self.renamed.iter().find(|(translated, _)| **translated == *label.name);
            Label {
                name: original.map_or_else(|| Arc::clone(&label.name), |(_, name)| name.as_str().into()),
                value: Arc::clone(&label.value),
            }
        };
        Labels::new(self.labels.as_slice().iter().map(spell).collect())
    }
}

/// A resource.
#[derive(Debug, Default)]
pub(crate) struct ResourceMeta {
    /// Labels that every series of it has: promoted attributes, `job`, `instance`.
    pub(crate) labels: BTreeMap<String, String>,
    /// Keys of those whose spelling changed: (Prometheus's, the sender's).
    renamed: Vec<Rename>,
    /// Labels of `target_info`; `None` when the resource says nothing beyond its identity, or does not come from OTLP.
    pub(crate) target_info: Option<Labels>,
    /// `service.name` and `service.instance.id` as they are.
    job: String,
    instance: String,
}

impl ResourceMeta {
    fn of(envelope: &[u8]) -> Self {
        let attributes = ResourceMetrics::decode(envelope).ok().and_then(|envelope| envelope.resource);
        let pairs = attribute::pairs(&attributes.map(|resource| resource.attributes).unwrap_or_default());
        let find = |key: &str| pairs.iter().rfind(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let job = name::job(find("service.namespace"), find("service.name"));
        let instance = find("service.instance.id").unwrap_or_default().to_owned();
        let identity = [("job", job.clone()), ("instance", instance.clone())];
        let identity = identity.into_iter().filter(|(_, value)| !value.is_empty());
        let promoted = pairs.iter().filter(|(key, _)| PROMOTED.contains(&key.as_str()));
        let renamed = renamed(promoted.clone().map(|(key, _)| key.as_str()));
        let mut labels = name::labels(promoted.map(|(key, value)| (key.as_str(), value.clone())));
        labels.extend(identity.clone().map(|(name, value)| (name.to_owned(), value)));
        let identifying = ["service.name", "service.namespace", "service.instance.id"];
        let says_more = pairs.iter().any(|(key, _)| !identifying.contains(&key.as_str()));
        let target_info = (says_more && !(job.is_empty() && instance.is_empty())).then(|| {
            let mut all = name::labels(pairs.iter().map(|(key, value)| (key.as_str(), value.clone())));
            all.extend(identity.map(|(name, value)| (name.to_owned(), value)));
            all.insert("__name__".to_owned(), "target_info".to_owned());
            Labels::from_pairs(all)
        });
        Self { labels, renamed, target_info, job: find("service.name").unwrap_or_default().to_owned(), instance }
    }
}

fn renamed<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<Rename> {
    keys.map(|key| (name::label_name(key), key.to_owned())).filter(|(translated, key)| translated != key).collect()
}

/// Shares what many series have in common; holds nothing alive by itself.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    series: HashMap<SeriesId, Weak<SeriesMeta>>,
    resources: HashMap<u128, Weak<ResourceMeta>>,
    families: HashMap<Family, Weak<Family>>,
    abouts: HashMap<About, Weak<About>>,
    renames: HashMap<Vec<Rename>, Weak<[Rename]>>,
    texts: HashMap<Box<str>, Weak<str>>,
}

impl Registry {
    /// Returns a series that is known already.
    pub(crate) fn known(&self, id: &SeriesId) -> Option<Arc<SeriesMeta>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).series.get(id)?.upgrade()
    }

    /// Reads the series of a row; the batch has the columns of [`telltale_storage::schema::series_columns`].
    pub(crate) fn of_row(&self, table: Table, batch: &RecordBatch, row: usize) -> Result<Arc<SeriesMeta>, Error> {
        let id: SeriesId = ids(batch, col::SERIES_ID)?.value(row).try_into().unwrap_or_default();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = state.series.get(&id).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let scope = bytes(batch, col::SCOPE, row).and_then(|scope| ScopeMetrics::decode(scope).ok());
        let is_prometheus = scope.and_then(|scope| scope.scope).is_some_and(|scope| scope.name == SCOPE);
        let family = family(table, batch, row, is_prometheus)?;
        let family = shared(&mut state.families, family.clone(), || family);
        let about = about(batch, row)?;
        let about = shared(&mut state.abouts, about.clone(), || about);
        let envelope = bytes(batch, col::RESOURCE, row).unwrap_or_default();
        let resource = shared(&mut state.resources, xxh3_128(envelope), || ResourceMeta::of(envelope));
        let attributes = attribute::of_row(batch, row)?;
        let (labels, renamed) = labels(&attributes, &resource, is_prometheus);
        let labels =
            labels.into_iter().map(|(name, value)| Label { name: state.text(&name), value: state.text(&value) });
        let labels = Labels::new(labels.collect());
        let renamed = state.renames(renamed);
        let meta = Arc::new(SeriesMeta { id, family, about, labels, renamed, resource });
        state.series.insert(id, Arc::downgrade(&meta));
        Ok(meta)
    }

    /// Forgets what nobody holds any more.
    pub(crate) fn sweep(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.series.retain(|_, series| series.strong_count() > 0);
        state.resources.retain(|_, resource| resource.strong_count() > 0);
        state.families.retain(|_, family| family.strong_count() > 0);
        state.abouts.retain(|_, about| about.strong_count() > 0);
        state.renames.retain(|_, renames| renames.strong_count() > 0);
        state.texts.retain(|_, text| text.strong_count() > 0);
    }
}

impl State {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text).and_then(Weak::upgrade) {
            return known;
        }
        let new: Arc<str> = text.into();
        self.texts.insert(text.into(), Arc::downgrade(&new));
        new
    }

    fn renames(&mut self, renames: Vec<Rename>) -> Arc<[Rename]> {
        if let Some(known) = self.renames.get(&renames).and_then(Weak::upgrade) {
            return known;
        }
        let new: Arc<[Rename]> = renames.clone().into();
        self.renames.insert(renames, Arc::downgrade(&new));
        new
    }
}

fn shared<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, Weak<V>>, key: K, make: impl FnOnce() -> V) -> Arc<V> {
    if let Some(known) = map.get(&key).and_then(Weak::upgrade) {
        return known;
    }
    let new = Arc::new(make());
    map.insert(key, Arc::downgrade(&new));
    new
}

fn family(table: Table, batch: &RecordBatch, row: usize, is_prometheus: bool) -> Result<Family, Error> {
    let is_sum = table != Table::Points || text(texts(batch, col::METRIC_TYPE)?, row) == Some("sum");
    let temporality = match table {
        Table::SummaryPoints => Some(2),
        _ => number(numbers::<Int32Type>(batch, col::AGGREGATION_TEMPORALITY)?, row),
    };
    let monotonic = booleans(batch, col::IS_MONOTONIC);
    let family = Family {
        table,
        name: text(texts(batch, col::NAME)?, row).unwrap_or_default().to_owned(),
        unit: text(texts(batch, col::UNIT)?, row).unwrap_or_default().to_owned(),
        is_monotonic: monotonic.is_none_or(|monotonic| monotonic.is_valid(row) && monotonic.value(row)),
        is_sum,
        is_prometheus,
        temporality: Temporality::of_number(temporality.unwrap_or(0)),
        translated: String::new(),
    };
    Ok(family.translate())
}

fn about(batch: &RecordBatch, row: usize) -> Result<About, Error> {
    use opentelemetry_proto::tonic::common::v1::KeyValueList;
    let metadata = bytes(batch, col::METADATA, row).and_then(|bytes| KeyValueList::decode(bytes).ok());
    let pairs = attribute::pairs(&metadata.map(|list| list.values).unwrap_or_default());
    let find = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    Ok(About {
        family: find(FAMILY_KEY),
        kind: find(TYPE_KEY).and_then(|word| FamilyType::from_word(&word)),
        description: text(texts(batch, col::DESCRIPTION)?, row).unwrap_or_default().to_owned(),
    })
}

type Named = (BTreeMap<String, String>, Vec<Rename>);

/// Returns the labels of a series and which of them were spelt differently.
fn labels(attributes: &[(String, String)], resource: &ResourceMeta, is_prometheus: bool) -> Named {
    if is_prometheus {
        let mut labels: BTreeMap<String, String> = attributes.iter().cloned().collect();
        for (name, value) in [("job", &resource.job), ("instance", &resource.instance)] {
            if !value.is_empty() {
                labels.insert(name.to_owned(), value.clone());
            }
        }
        return (labels, Vec::new());
    }
    let own = name::labels(attributes.iter().map(|(key, value)| (key.as_str(), value.clone())));
    let mut renames = renamed(attributes.iter().map(|(key, _)| key.as_str()));
    // A point's own attributes come before promoted ones; the identity of the target before both.
    let mut labels = resource.labels.clone();
    renames.extend(resource.renamed.iter().filter(|(translated, _)| !own.contains_key(translated)).cloned());
    let identity = ["job", "instance"].map(|name| (name.to_owned(), labels.get(name).cloned()));
    labels.extend(own);
    labels.extend(identity.into_iter().filter_map(|(name, value)| Some((name, value?))));
    (labels, renames)
}
