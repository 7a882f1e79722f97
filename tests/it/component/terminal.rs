//! The question, on a terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use acceptance::places;
use acceptance::project::Project;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{in_place, project};

/// Adds the component on a terminal on which `answer` is typed. Returns what was shown, and the exit status.
fn add(project: &Project, answer: &str) -> (String, i32) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let inside = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut terminal = File::from(terminal);
    // It waits in the terminal until it is asked for.
    terminal.write_all(answer.as_bytes()).unwrap();
    let mut command = Command::new(places::sluicegate());
    command.args(["component", "add", "given.wasm"]).current_dir(project.dir()).env("NO_COLOR", "1");
    command.env("SLUICEGATE_CACHE_DIR", places::lasting("cache").join("sluicegate"));
    command.stdin(inside.try_clone().unwrap()).stderr(inside).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The terminal is over once nobody has it open inside any more.
    drop(command);
    let mut shown = Vec::new();
    let _ = terminal.read_to_end(&mut shown);
    let code = child.wait().unwrap().code().unwrap();
    (String::from_utf8_lossy(&shown).into_owned(), code)
}

#[test]
fn a_yes_is_waited_for() {
    let project = project(&crate::server());
    for answer in ["\n", "n\n", "yesterday\n", "\u{4}"] {
        let (shown, code) = add(&project, answer);
        assert_eq!(code, 2, "{shown}");
        assert!(shown.contains("add it? [y/N] ") && shown.contains("nothing was added"), "{shown}");
        assert!(!in_place(&project).exists());
    }
    let (shown, code) = add(&project, "y\n");
    assert_eq!(code, 0, "{shown}");
    for words in ["from        given.wasm", "origins asked for", "https://wh.jivosite.com", "jivo_public_id"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(in_place(&project).exists());
    let (shown, code) = add(&project, "");
    assert!(code == 0 && !shown.contains("add it?"), "the same again is no question: {shown}");
}
