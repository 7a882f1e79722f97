//! Components that are added, and refused once they are others.

mod server;
mod terminal;
mod urls;

use std::path::PathBuf;

use acceptance::cli::Cli;
use acceptance::fake_jivo::FakeJivo;
use acceptance::places;
use acceptance::project::Project;

use crate::transcripts::check;

/// A project with a copy of the component that is not in its folder for components yet.
fn project(server: &FakeJivo) -> Project {
    let project = Project::new(server).only(&["status"]);
    std::fs::copy(places::component(), project.path("given.wasm")).unwrap();
    project.set("source.component", "components/jivochat.wasm")
}

fn component(project: &Project, command: &str) -> Cli {
    project.cli().args(["component", command])
}

fn add(project: &Project) -> Cli {
    component(project, "add").args(["given.wasm", "--yes"])
}

fn in_place(project: &Project) -> PathBuf {
    project.path("components/jivochat.wasm")
}

/// The digest of a component, as `inspect` tells it.
fn digest(project: &Project, file: &str) -> String {
    let output = project.cli().args(["inspect", file]).run();
    let line = output.code(0).stdout.lines().find_map(|line| line.strip_prefix("sha256").map(str::trim));
    line.unwrap().to_owned()
}

/// What a person reads of a component that is built anew now and then.
fn without_digest(output: &acceptance::cli::Output, digest: &str) -> acceptance::cli::Output {
    let mut output = output.clone();
    let size = regex::Regex::new(r"size +\d+ bytes").unwrap();
    for stream in [&mut output.stdout, &mut output.stderr] {
        *stream = size.replace_all(&stream.replace(digest, "[DIGEST]"), "size        [SIZE]").into_owned();
    }
    output
}

#[test]
fn a_component_is_added_listed_verified_and_removed() {
    let server = crate::server();
    let project = project(&server);
    let digest = digest(&project, "given.wasm");
    check("component_missing", &project.run().run());
    check("component_add", &without_digest(&add(&project).run(), &digest));
    check("component_add_again", &without_digest(&add(&project).run(), &digest));
    check("component_list", &without_digest(&component(&project, "list").run(), &digest));
    check("component_verify", &component(&project, "verify").run());
    project.run().run().code(0);
    project.cli().arg("check").run().code(0);
    let lock = std::fs::read_to_string(project.path("sluicegate.lock")).unwrap();
    assert!(
        lock.contains(&format!("digest = \"sha256:{digest}\"")) && lock.contains("file = \"given.wasm\""),
        "{lock}"
    );
    check("component_remove", &component(&project, "remove").arg("jivochat").run());
    component(&project, "remove").arg("jivochat").run().code(2).stderr_has(&["there is no component `jivochat`"]);
    assert!(!in_place(&project).exists());
    component(&project, "verify").run().code(0);
}

#[test]
fn help_is_as_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    for command in ["add", "list", "remove", "verify"] {
        let output = Cli::sluicegate(dir.path()).args(["component", command, "--help"]).run();
        output.code(0).stdout_has(&["SLUICEGATE_PIPELINE=]", "Usage: sluicegate component"]);
    }
    check("component_add_help", &Cli::sluicegate(dir.path()).args(["component", "add", "--help"]).run());
}

#[test]
fn another_file_in_its_place_is_refused() {
    let server = crate::server();
    let project = project(&server);
    let digest = digest(&project, "given.wasm");
    add(&project).run().code(0);
    std::fs::write(in_place(&project), "another file").unwrap();
    check("component_differs", &without_digest(&project.run().run(), &digest));
    let words = ["its digest is `", &digest, "not the component `jivochat`", "sluicegate component verify"];
    for command in [&["check"] as &[&str], &["resources"], &["serve", "--listen", "127.0.0.1:0"], &["replay"]] {
        project.cli().args(command).run().code(2).stderr_has(&words);
    }
    check("component_verify_differs", &without_digest(&component(&project, "verify").run(), &digest));
    assert!(server.requests().is_empty());
    std::fs::remove_file(in_place(&project)).unwrap();
    std::os::unix::fs::symlink(project.path("given.wasm"), in_place(&project)).unwrap();
    component(&project, "verify").run().code(2).stdout_has(&["no file: a link or a folder is in its place"]);
    project.run().run().code(0);
    std::fs::write(project.path("given.wasm"), "evil").unwrap();
    project.run().run().code(2).stderr_has(&words);
    std::fs::remove_file(in_place(&project)).unwrap();
    project.run().run().code(2).stderr_has(&["`sluicegate component list` says where it came from"]);
    component(&project, "verify").run().code(2).stdout_has(&["jivochat  missing"]);
}

#[test]
fn a_lock_that_is_damaged_or_contradicted_stops_all() {
    let server = crate::server();
    let project = project(&server);
    add(&project).run().code(0);
    let lock = std::fs::read_to_string(project.path("sluicegate.lock")).unwrap();
    for (damaged, words) in [
        ("format = ".to_owned(), "sluicegate.lock` is damaged: "),
        (lock.replace("format = 1", "format = 2"), "has format 2, and this program reads format 1"),
        (lock.replace("jivochat", "../jivochat"), "`../jivochat` is no name of a component"),
        (lock.replace("sha256:", "sha256:0"), "the digest of `jivochat` is none of SHA-256"),
    ] {
        std::fs::write(project.path("sluicegate.lock"), &damaged).unwrap();
        for cli in [project.run(), component(&project, "list"), component(&project, "verify"), add(&project)] {
            cli.run().code(2).stderr_has(&[words, "hint: "]);
        }
        assert_eq!(std::fs::read_to_string(project.path("sluicegate.lock")).unwrap(), damaged, "it is left as it is");
    }
    std::fs::write(project.path("sluicegate.lock"), lock).unwrap();
    let project = project.set("source.sha256", "0".repeat(64));
    project.run().run().code(2).stderr_has(&["`source.sha256` in ", "take `sha256` out"]);
}

#[test]
fn what_is_no_component_is_not_added() {
    let project = project(&crate::server());
    for (file, code, words) in [
        (&b"<html>404"[..], 2, "it is a web page, not a WebAssembly component"),
        (b"\0asm\x01\0\0\0", 2, "it is a core WebAssembly module"),
        (b"", 2, "it is empty"),
    ] {
        std::fs::write(project.path("given.wasm"), file).unwrap();
        add(&project).run().code(code).stderr_has(&[words]);
    }
    std::fs::remove_file(project.path("given.wasm")).unwrap();
    add(&project).run().code(2).stderr_has(&["cannot read the component `given.wasm`"]);
    let large = std::fs::File::create(project.path("given.wasm")).unwrap();
    large.set_len(40 << 20).unwrap();
    add(&project).run().code(6).stderr_has(&["the size of the file reached", "32MiB"]);
    std::fs::copy(places::component(), project.path("given.wasm")).unwrap();
    let output = add(&project).args(["--sha256", &"0".repeat(64)]).run();
    output.code(2).stderr_has(&["its digest is `", "it is not the file that you were told of"]);
    add(&project).args(["--sha256", "abc"]).run().code(2).stderr_has(&["it is not 64 hexadecimal digits"]);
    let output = component(&project, "add").arg("given.wasm").run();
    output.code(2).stderr_has(&["origins asked for", "there is no terminal to ask on", "`--yes`"]);
    assert!(!project.path("components").exists() && !project.path("sluicegate.lock").exists());

    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), project.path("components")).unwrap();
    add(&project).run().code(2).stderr_has(&["components` is a symbolic link"]);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

/// Killed at each point, what was there before is refused or runs, nothing runs that is not in the lock, and adding it again
/// completes it.
#[test]
fn a_kill_at_each_point_leaves_nothing_that_runs_unseen() {
    let server = crate::server();
    for point in ["component-staged", "component-locked", "component-placed"] {
        let project = project(&server);
        let killed = add(&project).env("SLUICEGATE_FAULT", point).run();
        assert!(killed.was_killed(), "{point}\n{}", killed.transcript());
        project.run().run().code(if point == "component-placed" { 0 } else { 2 });
        add(&project).run().code(0);
        component(&project, "verify").run().code(0).stdout_has(&["jivochat  ok"]);
        project.run().run().code(0);

        // The same in the place of an older one, told apart by a section for names that nothing reads.
        let mut older = std::fs::read(places::component()).unwrap();
        older.extend_from_slice(&[0, 3, 1, b'x', 0]);
        std::fs::write(project.path("older.wasm"), older).unwrap();
        component(&project, "add").args(["older.wasm", "-y"]).run().code(0).stderr_has(&["takes the place of"]);
        let killed = add(&project).env("SLUICEGATE_FAULT", point).run();
        assert!(killed.was_killed(), "{point}\n{}", killed.transcript());
        project.run().run().code(if point == "component-locked" { 2 } else { 0 });
        add(&project).run().code(0);
        component(&project, "verify").run().code(0);
        let left = std::fs::read_dir(project.path("components")).unwrap().map(|file| file.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name != ".lock").collect();
        assert_eq!(left, ["jivochat.wasm"], "{point}");
    }
    let project = project(&server);
    add(&project).run().code(0);
    let remove = component(&project, "remove").arg("jivochat");
    assert!(remove.clone().env("SLUICEGATE_FAULT", "component-removed").run().was_killed());
    component(&project, "verify").run().code(2).stdout_has(&["missing"]);
    remove.run().code(0);
    component(&project, "verify").run().code(0);
}
