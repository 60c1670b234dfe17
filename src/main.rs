//! The `pxtail` program: everything is in the library.

fn main() {}
