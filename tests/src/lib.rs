//! The harness of the acceptance tests, and the JivoChat stand-in.
//!
//!  * [`fake_jivo`]: the service the component reads, with faults on command.

pub mod fake_jivo;
