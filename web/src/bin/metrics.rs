//! The module of the area `metrics`: metrics.

fn main() {
    #[cfg(target_arch = "wasm32")]
    telltale_web::areas::metrics();
}
