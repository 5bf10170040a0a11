//! The module of the area `story`: the start page and the page of one request.

fn main() {
    #[cfg(target_arch = "wasm32")]
    telltale_web::areas::story();
}
