//! The variables of a dashboard: what can be chosen of each, what is, and the fields to choose with.
//!
//! A variable's values may depend on what is chosen of those before it. Until all are known, panels ask nothing.

use std::collections::BTreeMap;

use leptos::prelude::*;
use telltale_api::dashboard::{All, Choice, Chosen, Times, Variable, fill};
use wasm_bindgen_futures::spawn_local;

use crate::chart::step_seconds;
use crate::client::{self, Lifetime};
use crate::components::time_range::Range;
use crate::dom::{El, el, text_el};
use crate::nav::use_nav;
use crate::prometheus::{Vector, selector_text};
use crate::route::{Place, encode};
use crate::strings;

/// In the address: all values.
const ALL: &str = "$all";
/// Values that a field offers.
const CHOICES_MAX: usize = 1_000;

/// What is chosen, by name; `None` until it is known.
pub(super) type Values = Memo<Option<BTreeMap<String, Chosen>>>;

/// The variables of a dashboard.
pub(super) struct Variables {
    all: Vec<(Variable, RwSignal<Option<Vec<Choice>>>)>,
    values: Values,
}

/// The times that expressions see.
pub(super) fn times(range: Range) -> Times {
    Times { start: range.start, end: range.end, step: step_seconds(range.end - range.start) }
}

impl Variables {
    /// Begins to ask for values, each variable after those before it.
    pub(super) fn new(variables: &[Variable], range: Memo<Range>) -> Self {
        let nav = use_nav();
        let mut values: Values = Memo::new(|_| Some(BTreeMap::new()));
        let mut all = Vec::new();
        for variable in variables {
            let options = RwSignal::new(None::<Vec<Choice>>);
            ask(variable, values, range, options);
            let (before, known) = (values, variable.clone());
            values = Memo::new(move |_| {
                let mut chosen = before.get()?;
                let one = options.with(|options| Some(choose(&known, options.as_ref()?, &nav.place())))?;
                chosen.insert(known.name.clone(), one);
                Some(chosen)
            });
            all.push((variable.clone(), options));
        }
        Self { all, values }
    }

    /// What is chosen.
    pub(super) const fn values(&self) -> Values {
        self.values
    }

    /// The fields.
    pub(super) fn fields(&self) -> El {
        let shown = self.all.iter().filter(|(variable, _)| !variable.hidden);
        el("div").class("dashboard-variables").add_all(shown.map(|(variable, options)| {
            let label = if variable.label.is_empty() { &variable.name } else { &variable.label };
            match (variable.text, variable.multi) {
                (true, _) => text_field(variable, label, self.values),
                (_, true) => many(variable, label, *options, self.values),
                _ => single(variable, label, *options, self.values),
            }
        }))
    }
}

/// Asks for the values of a variable whenever what they depend on changes.
fn ask(variable: &Variable, before: Values, range: Memo<Range>, options: RwSignal<Option<Vec<Choice>>>) {
    if !variable.values.is_empty() || variable.text {
        options.set(Some(variable.values.clone()));
        return;
    }
    let lifetime = Lifetime::of_component();
    let variable = StoredValue::new(variable.clone());
    let source = Memo::new(move |_| {
        let chosen = before.get()?;
        let range = range.get();
        // To whole five minutes: a live page must not ask for the same names every few seconds.
        let (start, end) = (range.start - range.start % 300, range.end.div_ceil(300) * 300);
        variable.with_value(|variable| Some(path_of(variable, &chosen, times(range), (start, end))))
    });
    Effect::new(move |_| {
        let Some(path) = source.get() else { return };
        spawn_local(async move {
            let Some(known) = variable.try_get_value() else { return };
            let found = if known.query.is_empty() {
                client::prometheus::<Vec<String>>(&path, lifetime).await.map(|answer| answer.data)
            } else {
                let lines = client::prometheus::<Vector>(&path, lifetime).await;
                lines.map(|answer| answer.data.result.iter().map(selector_text).collect())
            };
            if lifetime.is_over() {
                return;
            }
            // A variable without values leaves panels that say themselves what is wrong.
            let values = offered(&known, found.unwrap_or_default());
            if options.try_with_untracked(|before| before.as_ref() != Some(&values)) == Some(true) {
                options.set(Some(values));
            }
        });
    });
}

fn path_of(variable: &Variable, chosen: &BTreeMap<String, Chosen>, times: Times, (start, end): (u64, u64)) -> String {
    if !variable.query.is_empty() {
        return format!("query?query={}&time={end}", encode(&fill(&variable.query, chosen, &times)));
    }
    let from = fill(&variable.from, chosen, &times);
    let selected = if from.is_empty() { String::new() } else { format!("&match[]={}", encode(&from)) };
    format!("label/{}/values?start={start}&end={end}{selected}", encode(&variable.values_of))
}

/// What the regular expression leaves, each once, in order.
fn offered(variable: &Variable, found: Vec<String>) -> Vec<Choice> {
    let regex = (!variable.regex.is_empty()).then(|| js_sys::RegExp::new(&variable.regex, ""));
    let fitting = found.into_iter().filter_map(|text| {
        let Some(regex) = &regex else { return Some(text) };
        let groups = regex.exec(&text)?;
        let group = groups.get(1).as_string().or_else(|| groups.get(0).as_string());
        // Without a group the whole value stays.
        if groups.length() > 1 { group } else { Some(text) }
    });
    let mut values: Vec<String> = fitting.collect();
    values.sort();
    values.dedup();
    values.truncate(CHOICES_MAX);
    values.into_iter().map(|value| Choice { text: value.clone(), value }).collect()
}

/// What is chosen: by the address, else by the default, else all or the first.
fn choose(variable: &Variable, options: &[Choice], place: &Place) -> Chosen {
    let name = parameter(&variable.name);
    let written: Vec<&str> =
        place.query.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_str()).collect();
    let is_list = variable.multi || variable.all;
    let every = || {
        let values = options.iter().map(|choice| choice.value.clone()).collect();
        let all = if variable.all_value.is_empty() { All::Values } else { All::Text(variable.all_value.clone()) };
        Chosen { values, is_list: true, all }
    };
    let of = |values: Vec<String>| Chosen { values, is_list, all: All::No };
    if variable.all && written.contains(&ALL) {
        return every();
    }
    if !written.is_empty() {
        return of(written.into_iter().map(str::to_owned).collect());
    }
    let is_there = |value: &&String| variable.text || options.iter().any(|choice| choice.value == **value);
    let usual: Vec<String> = variable.default.iter().filter(is_there).cloned().collect();
    match (usual.is_empty(), variable.all) {
        (false, _) => of(usual),
        (true, true) => every(),
        (true, false) => of(options.first().map(|choice| choice.value.clone()).into_iter().collect()),
    }
}

fn parameter(name: &str) -> String {
    format!("var-{name}")
}

/// The place with other values of a variable.
fn with_values(mut place: Place, name: &str, values: &[String]) -> Place {
    let name = parameter(name);
    place.query.retain(|(known, _)| *known != name);
    place.query.extend(values.iter().map(|value| (name.clone(), value.clone())));
    place
}

fn single(variable: &Variable, label: &str, options: RwSignal<Option<Vec<Choice>>>, values: Values) -> El {
    let nav = use_nav();
    let (name, has_all) = (variable.name.clone(), variable.all);
    let known = name.clone();
    let now = Memo::new(move |_| {
        let chosen = values.get()?.get(&known).cloned()?;
        if chosen.all == All::No { chosen.values.first().cloned() } else { Some(ALL.to_owned()) }
    });
    let choices = move || {
        let mut all = options.get().unwrap_or_default();
        if has_all {
            all.insert(0, Choice { value: ALL.to_owned(), text: strings::DASHBOARD_ALL.to_owned() });
        }
        let now = now.get();
        // A value of the address that is not among them stays to be seen.
        if let Some(now) = &now
            && !all.iter().any(|choice| choice.value == *now)
        {
            all.push(Choice { value: now.clone(), text: now.clone() });
        }
        let option = |choice: Choice| {
            let option = text_el("option", "", &choice.text).attr("value", &choice.value);
            if now.as_ref() == Some(&choice.value) { option.attr("selected", "") } else { option }
        };
        all.into_iter().map(option).collect::<Vec<_>>()
    };
    let select = el("select").class("button").children(choices).on("change", move |event| {
        nav.go_to(with_values(nav.place_now(), &name, &[event_target_value(&event)]));
    });
    el("label").text(label).add(select)
}

fn many(variable: &Variable, label: &str, options: RwSignal<Option<Vec<Choice>>>, values: Values) -> El {
    let nav = use_nav();
    let (name, has_all) = (variable.name.clone(), variable.all);
    let known = name.clone();
    let now = Memo::new(move |_| values.get().and_then(|values| values.get(&known).cloned()).unwrap_or_default());
    let summary = move || {
        now.with(|now| match (&now.all, now.values.len()) {
            (All::No, 0) => strings::DASHBOARD_NOTHING.to_owned(),
            (All::No, 1..=3) => now.values.join(" + "),
            (All::No, count) => strings::dashboard_chosen(count),
            _ => strings::DASHBOARD_ALL.to_owned(),
        })
    };
    let set = StoredValue::new(name);
    let choose = move |values: &[String]| nav.go_to(set.with_value(|name| with_values(nav.place_now(), name, values)));
    let boxes = move || {
        let all = has_all.then(|| {
            ticked(
                strings::DASHBOARD_ALL,
                move || now.with(|now| now.all != All::No),
                move |_| choose(&[ALL.to_owned()]),
            )
        });
        let each = options.get().unwrap_or_default().into_iter().map(|choice| {
            let (value, seen) = (choice.value.clone(), choice.value);
            let is_on = move || now.with(|now| now.all == All::No && now.values.contains(&seen));
            ticked(&choice.text, is_on, move |on| {
                let mut values =
                    now.with_untracked(|now| if now.all == All::No { now.values.clone() } else { Vec::new() });
                values.retain(|other| *other != value);
                if on {
                    values.push(value.clone());
                }
                choose(&values);
            })
        });
        all.into_iter().chain(each).collect::<Vec<_>>()
    };
    let list = el("div").class("dashboard-choices").attr("role", "group").label(label).children(boxes);
    let head = el("summary").class("button").text(label).text(": ").dyn_text(summary);
    el("details").class("dashboard-many").add([head, list])
}

fn ticked(words: &str, on: impl Fn() -> bool + 'static, act: impl Fn(bool) + 'static) -> El {
    let field = el("input").attr("type", "checkbox").dyn_checked(on).on_check(act);
    el("label").class("check").add(field).text(words)
}

fn text_field(variable: &Variable, label: &str, values: Values) -> El {
    let nav = use_nav();
    let (name, known) = (variable.name.clone(), variable.name.clone());
    let now = move || {
        let chosen = values.get().and_then(|values| values.get(&known).cloned()).unwrap_or_default();
        chosen.values.first().cloned().unwrap_or_default()
    };
    let field = el("input").attr("type", "text").dyn_value(now).on("change", move |event| {
        nav.go_to(with_values(nav.place_now(), &name, &[event_target_value(&event)]));
    });
    el("label").text(label).add(field)
}
