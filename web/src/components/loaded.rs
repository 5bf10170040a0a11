//! An answer of the server that follows the address it is asked under.

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;

use crate::client::{self, Failure, Lifetime};
use crate::shared::Shared;

/// An answer, its address, and the way to ask again.
pub(crate) struct Loaded<T: 'static> {
    /// None while the first answer is awaited; it stays while the same address is asked again.
    pub(crate) answer: RwSignal<Option<Result<Shared<T>, Failure>>>,
    url: Memo<String>,
    lifetime: Lifetime,
}

impl<T: 'static> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Loaded<T> {}

impl<T: DeserializeOwned + Send + Sync + 'static> Loaded<T> {
    /// Asks now, and again whenever the address changes.
    pub(crate) fn of_component(url: Memo<String>) -> Self {
        let loaded = Self { answer: RwSignal::new(None), url, lifetime: Lifetime::of_component() };
        Effect::new(move |_| {
            // Read, not merely tracked: a memo that is first computed later would count as a change.
            let _address = url.get();
            loaded.answer.set(None);
            loaded.load();
        });
        loaded
    }

    /// Asks again.
    pub(crate) fn load(self) {
        let Self { answer, url, lifetime } = self;
        spawn_local(async move {
            let asked = url.get_untracked();
            let result = client::json::<T>(&asked, lifetime).await;
            // A slow answer to an earlier question is none.
            let is_current = !lifetime.is_over() && url.get_untracked() == asked;
            if is_current && result.as_ref().err() != Some(&Failure::Aborted) {
                answer.set(Some(result.map(Shared::new)));
            }
        });
    }
}
