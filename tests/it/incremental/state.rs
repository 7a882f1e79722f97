//! What is remembered between reads, across kills, and by dlt.

use acceptance::dlt;
use acceptance::fake_jivo::{FakeJivo, Fault, Options, Paging, Reply};
use acceptance::project::Project;
use rustix::process::Signal;
use toml::Value;

use super::{INBOUND, check_once, counts, filtering, project, run, since, with_hint};
use crate::{server, start};

#[test]
fn a_backfill_leaves_the_state_alone() {
    let server = server();
    let project = project(&server, "'created_at'");
    run(&project);
    let backfill = "{ cursor_path = 'created_at', initial_value = 2026-01-01T00:01:00Z, end_value = 2026-01-01T00:02:00Z, \
                    range_end = 'closed' }";
    let project = with_hint(project, backfill);
    assert_eq!(counts(&run(&project).1), (9, 241));
    server.grow(260);
    let project = with_hint(project, "'created_at'");
    assert_eq!(counts(&run(&project).1), (10, 250));
}

#[test]
fn full_refresh_forgets_where_the_reads_ended() {
    let server = server();
    let project = filtering(project(&server, "{ cursor_path = 'created_at', initial_value = '2026-01-01T00:00:30Z' }"));
    run(&project);
    project.run().arg("--full-refresh").run().code(0);
    let first = "2026-01-01T00%3A00%3A30Z";
    assert!(since(&server, 0).iter().all(|since| since == first));
    check_once(&project, 245);
    run(&project);
    assert_eq!(since(&server, 6), ["2026-01-01T00%3A29%3A03.249Z"]);
    check_once(&project, 245);
}

#[test]
fn what_is_remembered_is_shown_and_can_be_forgotten() {
    let server = start(Options { page_size: 50, ..Options::default() });
    let project = project(&server, "'created_at'").without_retries();
    run(&project);
    let show = || project.cli().args(["state", "show"]).run();
    show().code(0).stdout_has(&["\n  last value of `created_at`: 2026-01-01T00:29:03.249Z\n"]).lacks("reading");
    server.grow(400);
    let asked = server.requests_to(INBOUND).len();
    server.fault(INBOUND, asked + 8.., Fault::Answer(Reply::error(503, "Try later")));
    project.run().run().code(4);
    server.heal();
    show().code(0).stdout_has(&[
        "\n  incremental read that is under way: `created_at` from 2026-01-01T00:29:03.249Z, up to 2026-01-01T00:40:43.349Z so far\n",
        "\n  last value of `created_at`: 2026-01-01T00:29:03.249Z\n",
    ]);
    assert_eq!(project.count(INBOUND), 350);
    project.cli().args(["state", "reset", INBOUND]).run().code(0).stdout_has(&["last value of `created_at`"]);
    show().code(0).lacks("created_at");
    assert_eq!(counts(&run(&project).1), (400, 0));
}

/// Runs until the service has been asked for `pages` more pages, the last of which it does not give, and kills.
fn kill_after(server: &FakeJivo, project: &Project, pages: usize) {
    let stop = server.requests_to(INBOUND).len() + pages;
    server.fault(INBOUND, stop..=stop, Fault::StallAfterHead);
    let mut run = project.run().spawn();
    run.until("the page that stalls", || server.requests_to(INBOUND).len() >= stop);
    run.signal(Signal::KILL);
    run.wait();
    server.heal();
}

#[test]
fn a_killed_read_goes_on_in_its_range_and_loads_each_record_once() {
    for order in ["asc", "desc"] {
        let server = start(Options { inbound: 300, page_size: 20, paging: Paging::Offset, ..Options::default() });
        let hint = format!("{{ cursor_path = 'created_at', row_order = '{order}' }}");
        let project = filtering(project(&server, &hint))
            .set("load.commit_rows", 20)
            .set("source.config.resources.inbound_messages.params.order", order);
        // A few pages wait between service and destination, so that ten pages are more than one commit.
        kill_after(&server, &project, 10);
        kill_after(&server, &project, 3);
        assert!(project.count(INBOUND) > 0, "nothing was committed before the kills");
        // A cursor that is kept is a cursor of the read that was begun, without a start.
        run(&project);
        assert!(since(&server, 0).iter().all(|since| since == "-"), "{:?}", since(&server, 0));
        check_once(&project, 300);

        let before = server.requests_to(INBOUND).len();
        server.grow(560);
        kill_after(&server, &project, 2);
        kill_after(&server, &project, 10);
        run(&project);
        check_once(&project, 560);
        let newest = "2026-01-01T00%3A34%3A53.299Z";
        assert!(since(&server, before).iter().all(|since| since == newest), "{order}: {:?}", since(&server, before));
        server.grow(570);
        assert_eq!(counts(&run(&project).1).0, 10);
        check_once(&project, 570);
    }
}

/// Where a kill could come between rows and what is remembered of them, or between the last page and its end.
const POINTS: [&str; 7] = [
    "page-fetched",
    "page-normalized",
    "rows-appended",
    "before-commit",
    "after-commit",
    "before-checkpoint",
    "after-checkpoint",
];

#[test]
fn a_kill_at_any_point_of_a_read_leaves_each_record_to_be_loaded_once() {
    let server = start(Options { inbound: 60, page_size: 20, paging: Paging::Cursor, ..Options::default() });
    let project = || filtering(project(&server, "'created_at'")).set("load.commit_rows", 30);
    let first = project();
    run(&first);
    let before = std::fs::read(first.path("jivochat.duckdb")).unwrap();
    server.grow(160);
    for point in POINTS {
        for passing in [1, 3] {
            let project = project();
            std::fs::write(project.path("jivochat.duckdb"), &before).unwrap();
            let output = project.run().env("SLUICEGATE_FAULT", format!("{point}:{passing}")).run();
            let once_a_run = point.ends_with("checkpoint");
            assert!(output.status.code().is_none() || (once_a_run && passing > 1), "{}", output.transcript());
            // One run for what is left, and one that finds nothing new.
            run(&project);
            run(&project);
            check_once(&project, 160);
        }
    }
}

/// dlt reads the messages of the stand-in on by their time, as texts and as Python's times, and prints how many were new.
const BY_DLT: &str = r"
import sys, dlt, requests
from datetime import datetime

@dlt.source(name='jivochat_source')
def jivochat():
    def messages():
        url = sys.argv[1] + '/inbound_messages?limit=100'
        while url:
            page = requests.get(url).json()
            yield page['data']
            url = page['pagination']['next']

    def typed(message):
        return {'id': message['id'], 'created_at': datetime.fromisoformat(message['created_at'].replace('Z', '+00:00'))}

    by_text = dlt.resource(messages, name='inbound_messages')
    by_text.apply_hints(incremental=dlt.sources.incremental('created_at'))
    by_time = dlt.resource(messages, name='typed', primary_key='id').add_map(typed)
    by_time.apply_hints(incremental=dlt.sources.incremental('created_at'))
    return by_text, by_time

pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), dataset_name='jivochat_data')
pipeline.run(jivochat())
rows = pipeline.last_trace.last_normalize_info.row_counts
print('new:', rows.get('inbound_messages', 0), rows.get('typed', 0))
state = pipeline.state['sources']['jivochat_source']['resources']
print('state:', {name: (len(at['unique_hashes']), str(at['last_value'])) for name in ('inbound_messages', 'typed') for at in [state[name]['incremental']['created_at']]})
";

#[test]
fn dlt_and_sluicegate_read_on_where_the_other_ended() {
    let server = server();
    // dlt has named the key of this one.
    let typed: Value = toml::Table::from_iter([
        ("path".to_owned(), "inbound_messages".into()),
        ("incremental".to_owned(), "created_at".into()),
    ])
    .into();
    let project = with_hint(Project::new(&server), "'created_at'")
        .only(&[INBOUND, "typed"])
        .set("source.config.resources.typed", typed)
        .set("resources.inbound_messages.max_table_nesting", 1000);
    let by_dlt = |expect: &[&str]| {
        let output = dlt::script(project.dir(), BY_DLT).arg(server.channel_url()).run();
        output.code(0).stdout_has(expect);
    };
    let by_us = |new: u64| {
        let (_, report) = run(&project);
        for name in [INBOUND, "typed"] {
            assert_eq!(report.resource(name)["records"], new, "{:#}", report.0);
        }
    };
    by_dlt(&["new: 250 250\n"]);
    by_us(0);
    server.grow(260);
    by_us(10);
    let state = "state: {'inbound_messages': (1, '2026-01-01T00:30:13.259Z'), 'typed': (1, '2026-01-01 00:30:13.259000+00:00')}";
    by_dlt(&["new: 0 0\n", state]);
    server.grow(265);
    by_dlt(&["new: 5 5\n"]);
    by_us(0);
    check_once(&project, 265);
    assert_eq!(project.count("typed"), 265);
}
