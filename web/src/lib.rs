//! The browser application; wasm32 only.
#[cfg(target_arch = "wasm32")]
mod app {
    use leptos::prelude::*;
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(start)]
    pub fn start() {
        if let Some(place) = document().get_element_by_id("app") {
            place.set_text_content(None);
        }
        mount_to_body(|| view! { <p>"hello"</p> });
    }
}
