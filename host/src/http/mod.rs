//! The HTTP capability that a component is lent: requests to granted origins, and nothing else.
//!
//! A request passes these in turn: `hooks` takes it from `wasi:http`, but for `headers` that are the host's alone;
//! [`egress`] judges its [`origin`] by the [`allow`]-list, puts [`secrets`] in and waits for a place; `resolve` looks the
//! name up once and judges each [`address`]; `connect` connects to those that passed, with [`tls`], perhaps through a
//! [`proxy`]; the response's `body` is decoded, limited and freed of secrets. What happens is noted in the call's
//! [`record`], from which the call's outcome is judged; the component sees an error code, made in `failure`. What the
//! host itself sends in a component's name takes the same way, from `relay` on.

pub mod address;
pub mod allow;
pub mod download;
pub mod limits;
pub mod origin;
pub mod record;
pub(crate) mod relay;
pub mod secrets;

mod body;
mod connect;
pub mod egress;
mod failure;
mod gzip;
mod headers;
pub(crate) mod hooks;
pub mod proxy;
mod resolve;
pub mod stand_in;
pub mod tls;
pub(crate) mod token;

#[cfg(test)]
mod tests;
