//! The `chainbell` binary.
fn main() {}
