//! Runs that are killed, at named points and at any moment. Whatever the moment, what is there is whole, and the runs
//! that follow bring exactly what one run would have brought.

use std::collections::BTreeSet;

use acceptance::cli::Cli;
use acceptance::effort;
use acceptance::fake_jivo::messages::{attachment_count, has_previews};
use acceptance::fake_jivo::{FakeJivo, Options};
use acceptance::project::Project;

use crate::start;

const PAGES: u64 = 50;
const PAGE_SIZE: u64 = 20;
const MESSAGES: u64 = PAGES * PAGE_SIZE;

/// A service of 50 pages, and what is loaded from it: a load every few pages, by one write disposition.
struct Case {
    server: FakeJivo,
    disposition: &'static str,
    /// A database that holds the whole service already; empty where the first load is what matters.
    before: Vec<u8>,
}

impl Case {
    fn new(disposition: &'static str) -> Self {
        let server = start(Options { inbound: MESSAGES, page_size: PAGE_SIZE, ..Options::default() });
        let mut case = Self { server, disposition, before: Vec::new() };
        if disposition != "append" {
            let project = case.project();
            project.run().run().code(0);
            case.before = std::fs::read(project.path("jivochat.duckdb")).unwrap();
        }
        case
    }

    fn project(&self) -> Project {
        let project = Project::new(&self.server)
            .only(&["status", "inbound_messages"])
            .set("load.commit_rows", 300)
            .set("resources.inbound_messages.write_disposition", self.disposition)
            .set("resources.inbound_messages.primary_key", vec!["id"]);
        if !self.before.is_empty() {
            std::fs::write(project.path("jivochat.duckdb"), &self.before).unwrap();
        }
        project
    }

    /// Runs until a run ends by itself, or has done all there was to do. The first one was killed already.
    fn finish(&self, project: &Project) {
        if !self.is_over(look(project)) {
            project.run().run().code(0);
        }
        let attachments = (0..MESSAGES).map(attachment_count).sum();
        let previews =
            (0..MESSAGES).filter(|index| has_previews(*index)).map(|index| 2 * attachment_count(index)).sum();
        let found = look(project);
        assert_eq!((found.messages, found.attachments, found.previews), (MESSAGES, attachments, previews));
        if self.disposition == "append" {
            assert_eq!(found.statuses, 1, "a resource that was complete was fetched again");
        }
    }

    /// Whether a run that was killed had come to its end. Only where rows are added can that be told, and does it matter.
    fn is_over(&self, found: Found) -> bool {
        self.disposition == "append" && found.messages == MESSAGES
    }
}

/// How many rows a reader sees.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    messages: u64,
    attachments: u64,
    previews: u64,
    statuses: u64,
}

/// Looks at what is there, and checks what holds after any kill: whole pages, no message twice, children with their
/// parents, and rows of loads that are known, each once.
#[track_caller]
fn look(project: &Project) -> Found {
    let sql = format!(
        "SET schema = 'jivochat_data';
         SELECT
            (SELECT count(*) FROM inbound_messages) AS messages,
            (SELECT count(*) FROM inbound_messages__attachments) AS attachments,
            (SELECT count(*) FROM inbound_messages__attachments__previews) AS previews,
            (SELECT count(*) FROM status) AS statuses,
            (SELECT count(*) % {PAGE_SIZE} FROM inbound_messages) AS halves_of_pages,
            (SELECT count(*) - count(DISTINCT id) FROM inbound_messages) AS twice,
            (SELECT count(*) FROM inbound_messages AS m WHERE (sequence - 1) % 3 <> (SELECT count(*)
                FROM inbound_messages__attachments AS a WHERE a._dlt_parent_id = m._dlt_id)) AS without_children,
            (SELECT count(*) FROM inbound_messages__attachments
                WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM inbound_messages)) AS orphans,
            (SELECT count(*) FROM inbound_messages__attachments__previews
                WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM inbound_messages__attachments)) AS orphans_below,
            (SELECT count(*) FROM inbound_messages
                WHERE _dlt_load_id NOT IN (SELECT load_id FROM _dlt_loads)) AS of_no_load,
            (SELECT count(*) - count(DISTINCT load_id) FROM _dlt_loads) AS loads_twice"
    );
    let output = project.cli().args(["query", &sql, "--format", "json"]).run();
    let nothing_yet = ["does not exist", "No catalog + schema named"].iter().any(|words| output.stderr.contains(words));
    if output.status.code() == Some(5) && nothing_yet {
        return Found::default();
    }
    output.code(0);
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(&output.stdout).unwrap();
    let figure = |name: &str| rows[0][name].as_u64().unwrap();
    let faults = rows[0].iter().skip(4).filter(|(_, count)| **count != 0).collect::<Vec<_>>();
    assert!(faults.is_empty(), "{}", output.transcript());
    Found {
        messages: figure("messages"),
        attachments: figure("attachments"),
        previews: figure("previews"),
        statuses: figure("statuses"),
    }
}

/// The names of the fault points, as the program lists them for one who misspells them.
fn points() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let output = Cli::sluicegate(dir.path()).arg("check").env("SLUICEGATE_FAULT", "?").run();
    output.code(2).stderr_has(&["`?` is no fault point"]);
    let (_, list) = output.stderr.split_once("there are").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The points that only events, components that are added, and people who are forgotten pass.
const OF_OTHERS: [&str; 15] = [
    "before-stored",
    "after-stored",
    "after-loaded",
    "component-staged",
    "component-locked",
    "component-placed",
    "component-removed",
    "relay-marked",
    "relay-sent",
    "relay-recorded",
    "person-noted",
    "rows-removed",
    "events-removed",
    "copy-made",
    "copy-placed",
];

/// The points that a run of a disposition does not pass, of all that there are.
fn passed_over_by(disposition: &str) -> &'static [&'static str] {
    match disposition {
        "append" => &["rows-staged", "before-swap", "swap-statement", "merge-statement"],
        "replace" => &["file-prepared", "file-made", "merge-statement"],
        "merge" => &["file-prepared", "file-made", "before-swap", "swap-statement"],
        _ => unreachable!("{disposition} is no disposition of this test"),
    }
}

#[track_caller]
fn check_points(disposition: &'static str) {
    let case = Case::new(disposition);
    let points = points();
    let mut reached = BTreeSet::new();
    for point in &points {
        for passing in effort::either(vec![1, 4], (1..=20).chain((30..).step_by(10).take(20)).collect()) {
            let project = case.project();
            let output = project.run().env("SLUICEGATE_FAULT", format!("{point}:{passing}")).run();
            if !output.was_killed() {
                output.code(0);
                break;
            }
            reached.insert(point.as_str());
            case.finish(&project);
        }
    }
    let expect: BTreeSet<_> = points
        .iter()
        .map(String::as_str)
        .filter(|p| !passed_over_by(disposition).contains(p) && !OF_OTHERS.contains(p))
        .collect();
    assert_eq!(reached, expect);
}

#[track_caller]
fn check_moments(disposition: &'static str) {
    let case = Case::new(disposition);
    let mut random = effort::random();
    let whole = case.project().run().run().elapsed;
    let mut kills = effort::either(6, 100);
    while kills > 0 {
        let project = case.project();
        while kills > 0 {
            let output = project.run().spawn().kill_after(effort::moment(&mut random, whole));
            if !output.was_killed() {
                output.code(0);
                break;
            }
            kills -= 1;
            if case.is_over(look(&project)) {
                break;
            }
        }
        case.finish(&project);
    }
}

#[test]
fn append_survives_a_kill_at_each_point() {
    check_points("append");
}

#[test]
fn replace_survives_a_kill_at_each_point() {
    check_points("replace");
}

#[test]
fn merge_survives_a_kill_at_each_point() {
    check_points("merge");
}

#[test]
fn append_survives_a_kill_at_any_moment() {
    check_moments("append");
}

#[test]
fn replace_survives_a_kill_at_any_moment() {
    check_moments("replace");
}

#[test]
fn merge_survives_a_kill_at_any_moment() {
    check_moments("merge");
}

/// The last commit of a run goes past DuckDB's log when it brings many rows. A run of one load is killed around that commit,
/// and at any moment of its second half, which ends with it: the load is there as a whole, or fetched again as a whole.
#[test]
fn a_large_last_commit_survives_a_kill() {
    const MANY: u64 = 20_000;
    let server = start(Options { inbound: MANY, page_size: 1000, ..Options::default() });
    let project = || Project::new(&server).only(&["status", "inbound_messages"]);
    let check = |project: &Project| {
        let kept = look(project).messages;
        if kept != MANY {
            assert_eq!(kept, 0, "a part of the load is there");
            project.run().run().code(0);
            assert_eq!(look(project).messages, MANY);
        }
    };
    for point in ["before-commit", "after-commit", "before-checkpoint", "after-checkpoint"] {
        let project = project();
        assert!(project.run().env("SLUICEGATE_FAULT", point).run().was_killed(), "{point}");
        check(&project);
    }
    let whole = project().run().run().elapsed;
    let mut random = effort::random();
    for _ in 0..effort::either(4, 60) {
        let project = project();
        let moment = whole / 2 + effort::moment(&mut random, whole / 2);
        project.run().spawn().kill_after(moment);
        check(&project);
    }
}
