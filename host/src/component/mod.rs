//! Source components: found, checked, compiled, called.
