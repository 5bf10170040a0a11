//! What a paste means and what happened in a request.
pub mod critical_path;
pub mod limits;
pub mod resolve;
pub mod self_time;
pub mod tree;

#[cfg(test)]
#[expect(dead_code, reason = "the next module's tests use the rest")]
mod testing;
