//! The JivoChat stand-in as a program.

fn main() {}
