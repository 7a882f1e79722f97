//! The events of `tests/fixtures/events`: see the README there.

use acceptance::places::workspace;

/// The files, in the order in which they are posted.
const FILES: [&str; 7] = ["chats", "calls", "offline", "clients", "crm", "messages", "unknown"];

/// All events, in their order.
pub(crate) fn events() -> Vec<String> {
    FILES.iter().flat_map(|name| read(name)).collect()
}

/// Bodies that are no events. A file cannot hold the one that is empty.
pub(crate) fn refused() -> Vec<String> {
    read("refused").into_iter().chain([String::new()]).collect()
}

fn read(name: &str) -> Vec<String> {
    let path = workspace().join(format!("tests/fixtures/events/{name}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let bodies = text.split("\n\n").map(|block| {
        let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with('#')).collect();
        lines.join("\n")
    });
    bodies.filter(|body| !body.is_empty()).collect()
}
