//! The harness of the acceptance tests, and the JivoChat stand-in.
