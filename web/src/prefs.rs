//! What a reader chose, kept in this browser: theme, time zone, single-key shortcuts.
//!
//! A browser may refuse storage (sandboxed frames); choices then last as long as the page.

use leptos::prelude::*;

use crate::strings;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Returns the name of the choice.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Auto => strings::THEME_AUTO,
            Self::Light => strings::THEME_LIGHT,
            Self::Dark => strings::THEME_DARK,
        }
    }
}

/// The choices; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Prefs {
    /// Light or dark.
    pub(crate) theme: RwSignal<Theme>,
    /// Whether times are shown in UTC instead of the reader's zone.
    pub(crate) utc: RwSignal<bool>,
    /// Whether single letters are shortcuts.
    pub(crate) single_keys: RwSignal<bool>,
}

impl Prefs {
    /// Reads the choices.
    pub(crate) fn install() -> Self {
        let theme = match read("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        };
        let prefs = Self {
            theme: RwSignal::new(theme),
            utc: RwSignal::new(read("zone").as_deref() == Some("utc")),
            single_keys: RwSignal::new(read("keys").as_deref() != Some("off")),
        };
        provide_context(prefs);
        prefs
    }

    /// Goes on to the next theme: auto, light, dark.
    pub(crate) fn next_theme(self) {
        let next = match self.theme.get_untracked() {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        };
        self.theme.set(next);
        write("theme", next.word());
        let Some(root) = document().document_element() else { return };
        let done = match next {
            Theme::Auto => root.remove_attribute("data-theme"),
            chosen => root.set_attribute("data-theme", chosen.word()),
        };
        if done.is_err() {
            leptos::logging::warn!("the theme attribute cannot be set");
        }
    }

    /// Changes between the reader's zone and UTC.
    pub(crate) fn toggle_utc(self) {
        self.utc.update(|utc| *utc = !*utc);
        write("zone", if self.utc.get_untracked() { "utc" } else { "local" });
    }

    /// Switches single-key shortcuts.
    pub(crate) fn set_single_keys(self, on: bool) {
        self.single_keys.set(on);
        write("keys", if on { "on" } else { "off" });
    }

    /// Returns the distance from UTC, in minutes, that a time is to be shown with; subscribes to the choice.
    pub(crate) fn zone_minutes(self, nanos: u64) -> i32 {
        if self.utc.get() { 0 } else { local_minutes(nanos) }
    }
}

/// Returns the reader's distance from UTC at a time, in minutes.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "milliseconds and minutes fit")]
pub(crate) fn local_minutes(nanos: u64) -> i32 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64((nanos / 1_000_000) as f64));
    let minutes = date.get_timezone_offset();
    if minutes.is_finite() { -(minutes as i32) } else { 0 }
}

/// Returns the browser's time in nanoseconds since the Unix epoch.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds since 1970 are positive and fit"
)]
pub(crate) fn now_nanos() -> u64 {
    (js_sys::Date::now() as u64).saturating_mul(1_000_000)
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn read(name: &str) -> Option<String> {
    storage()?.get_item(&format!("telltale.{name}")).ok().flatten()
}

fn write(name: &str, value: &str) {
    if let Some(storage) = storage()
        && storage.set_item(&format!("telltale.{name}"), value).is_err()
    {
        leptos::logging::warn!("the browser does not keep the choice of {name}");
    }
}

/// Returns the choices.
pub(crate) fn use_prefs() -> Prefs {
    expect_context::<Prefs>()
}
