//! The pipeline's own resources, again and again: beside the receiver, and alone.

use acceptance::project::Project;
use acceptance::receiver::Receiver;
use rustix::process::Signal;

use super::post;
use crate::server;

#[test]
fn the_schedule_runs_beside_the_receiver() {
    let server = server();
    let project =
        Project::new(&server).only(&["status"]).set("schedule.every", "100ms").set("serve.flush_every", "50ms");
    let receiver = Receiver::start(&project);
    for id in ["a", "b", "c"] {
        let asked = server.requests().len();
        post(&receiver, [id]);
        receiver.until("another run", || server.requests().len() > asked);
    }
    receiver.stop().code(0);
    assert_eq!(super::loaded(&project), ["a", "b", "c"]);
    assert!(project.count("status") >= 2);
}

#[test]
fn a_run_is_repeated_until_it_is_told_to_stop() {
    let server = server();
    let project = Project::new(&server).only(&["status"]);
    let mut running = project.run().args(["--every", "50ms"]).spawn();
    running.until("three runs", || server.requests().len() >= 3);
    running.signal(Signal::TERM);
    let output = running.wait();
    output.code(143);
    let summaries = output.stdout.matches("load step completed").count() as u64;
    assert!(summaries >= 2, "{}", output.transcript());
    assert!(project.count("status") >= 2);
}

#[test]
fn a_service_that_fails_now_and_then_does_not_end_it() {
    use acceptance::fake_jivo::{Fault, Reply};

    let server = server();
    server.fault("status", 1..=1, Fault::Answer(Reply::json(403, "{}".to_owned())));
    let project = Project::new(&server).only(&["status"]).set("schedule.every", "50ms");
    let mut running = project.run().arg("--every").spawn();
    running.until("two runs", || server.requests().len() >= 3);
    running.signal(Signal::INT);
    running.wait().code(130).stderr_has(&["error: status: auth"]);
    assert!(project.count("status") >= 1);
}

#[test]
fn an_interval_must_be_one() {
    let project = Project::receiving();
    for (args, words) in [
        (vec!["--every", "soon"], "`soon` is no duration"),
        (vec!["--every", "0s"], "`--every` must be more than 0"),
        (vec!["--every"], "`--every` is without a duration"),
        (vec!["--every", "1m", "--full-refresh"], "cannot be used with"),
    ] {
        project.run().args(args).run().code(2).stderr_has(&[words]);
    }
}
