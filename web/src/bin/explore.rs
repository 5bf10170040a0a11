//! The module of the area `explore`: search, services, what arrives.

fn main() {
    #[cfg(target_arch = "wasm32")]
    telltale_web::areas::explore();
}
