//! Tests that run the program from outside.
