//! Components that take all the memory there is, their own or the host's.

use super::{Attack, programs};
use crate::server;

#[test]
fn memory_that_grows() {
    let words = ["the memory of the component reached ", ", more than the limit of 256MiB", "hint: raise `memory`"];
    Attack::new(&programs::MEMORY_GROWTH).run().stopped("limit", &words);
    let words = ["the memory of the component reached ", ", more than the limit of 8MiB", "hint: raise `memory`"];
    Attack::new(&programs::MEMORY_GROWTH).set("source.limits.memory", "8MiB").run().stopped("limit", &words);
}

#[test]
fn a_table_that_grows() {
    let words = ["the memory of the component reached ", ", more than the limit of 256MiB", "hint: raise `memory`"];
    Attack::new(&programs::TABLE_GROWTH).run().stopped("limit", &words);
}

#[test]
fn a_deep_recursion() {
    let words = ["the stack of the component reached ", ", more than the limit of 512KiB", "hint: this limit is fixed"];
    Attack::new(&programs::DEEP_RECURSION).run().stopped("limit", &words);
}

#[test]
fn handles_that_pile_up() {
    let words = [
        "the number of handles of the component reached 10001, more than the limit of 10000",
        "hint: raise `handles` in [source.limits]",
    ];
    Attack::new(&programs::MANY_HANDLES).run().stopped("limit", &words);
}

#[test]
fn bodies_that_are_never_sent() {
    let words = ["the number of bodies of requests reached 101, more than the limit of 100", "`requests_per_page`"];
    Attack::new(&programs::UNSENT_BODIES).run().stopped("limit", &words);
}

#[test]
fn requests_without_end() {
    let server = server();
    let words = ["the number of requests reached 8, more than the limit of 7", "hint: raise `requests_per_page`"];
    let attack = Attack::new(&programs::MANY_REQUESTS).grant(&server).set("source.limits.requests_per_page", 7);
    attack.run().stopped("limit", &words);
    assert_eq!(server.requests().len(), 7);
}
