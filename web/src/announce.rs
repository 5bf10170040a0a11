//! Short messages that are shown for a moment and spoken by screen readers.

use std::time::Duration;

use leptos::prelude::*;

use crate::dom::{El, el, text_el};

/// How long a message stays.
const SHOWN_FOR: Duration = Duration::from_secs(4);

/// The message; a context of the whole application.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    message: RwSignal<Option<String>>,
    number: StoredValue<u64>,
}

impl Announcer {
    /// Provides the context.
    pub(crate) fn install() -> Self {
        let announcer = Self { message: RwSignal::new(None), number: StoredValue::new(0) };
        provide_context(announcer);
        announcer
    }

    /// Shows a message in place of an earlier one.
    pub(crate) fn say(self, message: impl Into<String>) {
        self.message.set(Some(message.into()));
        let number = self.number.get_value() + 1;
        self.number.set_value(number);
        set_timeout(
            move || {
                if self.number.get_value() == number {
                    self.message.set(None);
                }
            },
            SHOWN_FOR,
        );
    }

    /// Returns the place where messages appear.
    pub(crate) fn view(self) -> El {
        let place = el("div").class("toast-place").attr("role", "status").attr("aria-live", "polite");
        place.children(move || self.message.get().map(|message| text_el("p", "toast", &message)))
    }
}

/// Returns the announcer.
pub(crate) fn use_announcer() -> Announcer {
    expect_context::<Announcer>()
}
