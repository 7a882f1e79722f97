//! What is pulled: pages, records that are none, errors that quote what came.

use acceptance::fake_jivo::{Fault, Options, Reply};
use acceptance::project::Project;

use super::{assert_nowhere, documented, found};
use crate::{server, start};

/// What the stand-in's visitors are called, and what they write.
const OF_VISITORS: [&str; 12] = [
    "Vera Lind",
    "vera@example.org",
    "Пётр Заречный",
    "petr@example.net",
    "Amina O'Dell",
    "amina@example.com",
    "山本 さくら",
    "Is the blue one in stock",
    "Когда придёт мой заказ",
    "お問い合わせの件",
    "fragile",
    "Перезвоните",
];

const INBOUND: &str = "inbound_messages";

#[test]
fn nothing_of_a_visitor_is_found_after_a_run() {
    let server = server();
    let plain = Project::new(&server);
    plain.run().run().code(0);
    // Without the settings it is: the search would see it.
    assert!(found(plain.dir(), &OF_VISITORS).len() > 5);

    let project = documented(Project::new(&server));
    let runs = [(); 2].map(|()| project.run().args(["-vv", "--report", "report.json"]).run());
    runs[1].code(0).stderr_has(&["inbound_messages"]);
    assert_nowhere(&project, &[&runs[0], &runs[1]], &OF_VISITORS);
    // The rest is as it is without: rows, and columns that nobody named.
    let rest = "SELECT DISTINCT id, sequence, score, page__url FROM jivochat_data.inbound_messages ORDER BY id";
    assert_eq!(project.query(rest), plain.query(rest));
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'inbound_messages' AND \
                   column_name IN ('text', 'visitor__geoip__city')";
    assert_eq!((project.value(columns).as_str(), plain.value(columns).as_str()), ("0", "2"));
    // As many mails as before, each the same hash everywhere; a missing one is missing.
    for count in
        ["count(DISTINCT visitor__email)", "count(DISTINCT visitor__name)", "count(DISTINCT visitor__email || id)"]
    {
        let sql = format!("SELECT {count} FROM jivochat_data.outbound_messages");
        assert_eq!(project.value(&sql), plain.value(&sql), "{count}");
    }
    let hashes =
        "SELECT bool_and(regexp_full_match(visitor__email, 'hash_[0-9a-f]{48}')) FROM jivochat_data.inbound_messages";
    assert_eq!(project.value(hashes), "true");
}

#[test]
fn what_cannot_be_told_is_withheld() {
    let server = start(Options { inbound: 3, page_size: 10, ..Options::default() });
    let secret = "vera@example.org wrote: call 15550100";
    let project = documented(Project::new(&server)).only(&["status", INBOUND]).without_retries();
    let project = project.set("privacy.drop", vec!["value", "text"]);
    let page =
        format!("{{\"id\":1,\"visitor\":{{\"email\":\"{secret}\"}}}},null,\"{secret}\",[{{\"email\":\"{secret}\"}}]");
    server.fault(INBOUND, 1..=1, Fault::Records(page));
    let records = project.run().args(["-vv", "--report", "report.json"]).run();
    records.code(0);
    for (number, answer) in (2..).zip([
        Reply::new(200, "text/html", format!("<p>{secret}</p>")),
        Reply::error(401, secret),
        Reply::error(404, secret),
        Reply::error(500, secret),
        Reply::text(400, secret),
        Reply::json(200, format!("[{{\"text\": \"{secret}\"")),
    ]) {
        let status = answer.status;
        server.fault(INBOUND, number..=number, Fault::Answer(answer));
        let output = project.run().args(["-vv", "--report", "report.json"]).run();
        let report = std::fs::read_to_string(project.path("report.json")).unwrap();
        assert!(!report.contains("15550100") && output.status.code() != Some(1), "{}", output.transcript());
        output.lacks("15550100").lacks("vera@");
        if status >= 400 {
            output.stderr_has(&[&format!("the service answered with the status {status}"), "withheld"]);
        }
    }
    assert_nowhere(&project, &[&records], &["vera@", "15550100"]);
    // Before a service has answered nothing can be quoted, and all is told.
    server.fault(INBOUND, .., Fault::CloseBeforeAnswer);
    let output = project.run().run();
    assert!(!output.stderr.contains("withheld"), "{}", output.transcript());
}

#[test]
fn a_column_of_numbers_gets_a_second_one_of_hashes() {
    let server = start(Options { inbound: 1, ..Options::default() });
    for request in 1..=2 {
        server.fault(INBOUND, request..=request, Fault::Records(format!("{{\"id\":{request},\"phone\":15550100}}")));
    }
    let project = Project::new(&server).only(&[INBOUND]);
    project.run().run().code(0);
    let project = project.set("privacy.hash", vec!["phone"]);
    project.run().run().code(0);
    let rows = project.query("SELECT phone, phone__v_text FROM jivochat_data.inbound_messages ORDER BY id");
    assert_eq!(rows[0]["phone"].to_string().trim_matches('"'), "15550100");
    assert!(rows[1]["phone"].is_null() && rows[1]["phone__v_text"].as_str().unwrap().starts_with("hash_"), "{rows:?}");
}

#[test]
fn a_new_key_makes_new_hashes() {
    let server = start(Options { inbound: 1, ..Options::default() });
    server.fault(INBOUND, .., Fault::Records("{\"id\":1,\"phone\":15550100}".into()));
    let project = Project::new(&server).only(&[INBOUND]).set("privacy.hash", vec!["phone"]);
    let hashes = |expect: u64| {
        project.run().run().code(0);
        let sql = "SELECT count(DISTINCT phone) FROM jivochat_data.inbound_messages";
        assert_eq!(project.value(sql), expect.to_string());
    };
    hashes(1);
    hashes(1);
    std::fs::remove_file(project.path(".sluicegate/hash.key")).unwrap();
    hashes(2);
    std::fs::write(project.path(".sluicegate/hash.key"), "no key\n").unwrap();
    project.run().run().code(2).stderr_has(&["hash.key", "hint: "]);
}

#[test]
fn paths_that_name_nothing_are_told() {
    let server = start(Options { inbound: 1, ..Options::default() });
    let paths = vec!["visitor.name", "visitor.fone", "visitor__name"];
    let project = Project::new(&server).only(&[INBOUND]).set("privacy.drop", paths);
    let told = "nothing that came is at these paths of [privacy]: `visitor.fone` and `visitor__name`";
    project.run().arg("-v").run().code(0).stderr_has(&[told]);
    project.run().run().code(0).lacks(told);
}
