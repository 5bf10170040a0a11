//! The module of the area `runs`: runs of tests and comparisons.

fn main() {
    #[cfg(target_arch = "wasm32")]
    telltale_web::areas::runs();
}
