//! Components that take all the time there is.

use std::time::Duration;

use acceptance::fake_jivo::Fault;

use super::{Attack, programs};
use crate::server;

/// So little time that a test reaches it at once, and enough for a component that behaves.
const CPU: &str = "300ms";

#[test]
fn an_endless_loop() {
    let attack = Attack::new(&programs::ENDLESS_LOOP).set("source.limits.page_cpu", CPU);
    attack.run().stopped(
        "limit",
        &[
            "the time that the component ran reached ",
            ", more than the limit of 300ms",
            "hint: raise `page_cpu` in [source.limits]",
        ],
    );
}

#[test]
fn an_endless_loop_by_the_clock_on_the_wall() {
    let attack = Attack::new(&programs::ENDLESS_LOOP).set("source.limits.page_time", "1s");
    attack.run().stopped("limit", &["the time of the call reached ", "hint: raise `page_time` in [source.limits]"]);
}

#[test]
fn an_endless_loop_in_list_resources() {
    let attack = Attack::new(&programs::ENDLESS_LISTING).set("source.limits.page_cpu", CPU);
    attack.run().refused(6, &["the time that the component ran reached ", "hint: raise `page_cpu`"]);
}

#[test]
fn an_endless_loop_in_describe() {
    let attack = Attack::new(&programs::ENDLESS_DESCRIPTION).set("source.limits.page_cpu", CPU);
    attack.run().refused(6, &["the time that the component ran reached ", "hint: raise `page_cpu`"]);
}

#[test]
fn an_endless_loop_in_being_instantiated() {
    let attack = Attack::new(&programs::ENDLESS_START).set("source.limits.page_cpu", CPU);
    attack.run().refused(6, &["the time that the component ran reached ", "hint: raise `page_cpu`"]);
}

#[test]
fn an_endless_loop_in_the_allocator() {
    let attack = Attack::new(&programs::ENDLESS_REALLOC).set("source.limits.page_cpu", CPU);
    attack.run().stopped("limit", &["the time that the component ran reached ", "hint: raise `page_cpu`"]);
}

#[test]
fn an_endless_loop_after_the_page_was_taken() {
    let attack = Attack::new(&programs::ENDLESS_END).set("source.limits.page_cpu", CPU);
    attack.run().stopped("limit", &["the time that the component ran reached ", "hint: raise `page_cpu`"]);
}

#[test]
fn a_component_that_sleeps_for_ever() {
    let attack = Attack::new(&programs::SLEEPER).set("source.limits.page_time", "1s");
    attack.run().stopped("limit", &["the time of the call reached ", "hint: raise `page_time`"]);
}

#[test]
fn a_slow_drip() {
    let server = server();
    let path = format!("/{}/{}/inbound_messages", server.options().random, server.options().public_id);
    server.fault("inbound_messages", .., Fault::Drip { bytes: 1, every: Duration::from_millis(20) });
    let attack = Attack::new(&programs::SLOW_DRIP)
        .grant(&server)
        .set("source.config.path", path)
        .set("source.limits.idle", "1s")
        .set("source.limits.page_time", "2s");
    attack.run().stopped("limit", &["the time of the call reached ", "more than the limit of 2s", "`page_time`"]);
}
