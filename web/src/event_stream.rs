//! A stream of server-sent events together with the functions that listen to it.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{EventSource, MessageEvent};

/// An open stream. Dropping it closes it and lets go of its functions, so that none of these may do so: they are running then.
pub(crate) struct EventStream {
    source: EventSource,
    _takes: Vec<Closure<dyn Fn(MessageEvent)>>,
    _told: [Closure<dyn Fn()>; 2],
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.close();
    }
}

impl EventStream {
    /// Opens an address: `take` gets each event of one of the names, `opened` and `broken` are called when the stream stands and
    /// when it breaks. `None` when the browser refuses the address.
    pub(crate) fn open(
        address: &str,
        names: &[&'static str],
        take: impl Fn(&'static str, &MessageEvent) + Clone + 'static,
        opened: impl Fn() + 'static,
        broken: impl Fn() + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(address).ok()?;
        let takes = names.iter().map(|name| {
            let (name, take) = (*name, take.clone());
            let closure = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| take(name, &event));
            if source.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).is_err() {
                leptos::logging::warn!("cannot listen to {name}");
            }
            closure
        });
        let takes = takes.collect();
        let told = [Closure::<dyn Fn()>::new(opened), Closure::<dyn Fn()>::new(broken)];
        let [opened, broken] = &told;
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(broken.as_ref().unchecked_ref()));
        Some(Self { source, _takes: takes, _told: told })
    }

    /// Ends the stream while its functions stay: what one of them does about itself.
    pub(crate) fn close(&self) {
        self.source.close();
    }
}
