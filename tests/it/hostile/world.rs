//! Components that want more of the world than they are lent, or do not fit into it.

use acceptance::cli::Cli;

use super::{Attack, programs};

#[test]
fn sockets_and_files() {
    let attacked = Attack::new(&programs::SOCKETS_AND_FILES).run();
    attacked.loaded(1);
    assert_eq!(attacked.rows()[0]["found"], "nothing");
    let project = attacked.attack.project;
    let output = Cli::sluicegate(project.dir()).args(["inspect", "sockets_and_files.wasm"]).run();
    output
        .code(0)
        .stdout_has(&["note: it imports `wasi:sockets`; every call of it is denied", "wasi:filesystem/preopens"]);
}

#[test]
fn the_end_of_the_process() {
    Attack::new(&programs::EXITS).run().stopped("trap", &["it exited with status 0"]);
}

#[test]
fn imports_that_nobody_lends() {
    let attacked = Attack::new(&programs::WANTS_MORE).run();
    attacked.refused(2, &[
        "it imports `wasi:keyvalue/store@0.2.0`, `wasi:cli/run@0.2.0`, `evil (no interface)`, which no component is lent",
    ]);
    let project = attacked.attack.project;
    Cli::sluicegate(project.dir()).args(["inspect", "wants_more.wasm"]).run().code(2).stderr_has(&["wasi:keyvalue"]);
}

#[test]
fn exports_of_wrong_types() {
    Attack::new(&programs::WRONG_TYPES).run().refused(
        2,
        &["it does not fit the contract: `list-resources` of `sluicegate:source/source@0.1.0` has other types"],
    );
}

#[test]
fn an_older_contract() {
    let words =
        ["it exports `sluicegate:source/source@0.0.9`", "this host speaks `sluicegate:source/source` of version 0.1"];
    Attack::new(&programs::OLDER_WIT).run().refused(2, &words);
}

#[test]
fn a_newer_contract() {
    let words =
        ["it exports `sluicegate:source/source@0.2.0`", "this host speaks `sluicegate:source/source` of version 0.1"];
    Attack::new(&programs::NEWER_WIT).run().refused(2, &words);
}
