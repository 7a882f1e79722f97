//! `forget` that is killed, and called again; and what else is in the database.

use acceptance::effort;

use super::{WORDS, loaded, nowhere, others, same, server};

/// Points between the look for a person and the end.
const POINTS: [&str; 7] =
    ["person-noted", "events-removed", "rows-removed", "before-commit", "after-commit", "copy-made", "copy-placed"];

#[test]
fn a_kill_at_each_point_leaves_what_the_next_call_ends() {
    let server = server();
    for point in POINTS {
        let project = loaded(&server);
        let before = others(&project);
        let forget = || project.cli().args(["forget", "--client", "7301"]);
        let killed = forget().env("SLUICEGATE_FAULT", point).run();
        assert!(killed.was_killed(), "{point}: {}", killed.transcript());
        // Each table is whole: with all rows of the person, or with none.
        let left = project.count("chats");
        assert!(left == 1 || left == 2, "{point}: {left}");
        forget().run().code(0);
        nowhere(&project, &WORDS, &[]);
        same(&others(&project), &before);
        let files = std::fs::read_dir(project.dir()).unwrap().map(|file| file.unwrap().file_name());
        assert!(!files.into_iter().any(|name| name.to_string_lossy().contains(".forget")), "{point}");
    }
}

/// What a user has beside the dataset, and dlt's word for it.
const OWN: &str = "import duckdb, dlt\n\
    c = duckdb.connect('jivochat.duckdb')\n\
    c.execute(\"create schema own; create type own.mood as enum ('glad', 'sad'); create sequence own.numbers start 5; \
    create table own.a(id bigint primary key, since timestamptz default now(), mood own.mood, note varchar not null, \
    check (id > 0)); create table own.b(a_id bigint references own.a(id), tags varchar[], big hugeint, raw blob); \
    insert into own.a values (1, '2026-01-01', 'glad', 'x'), (2, '2026-01-02', null, 'y'); \
    insert into own.b values (2, ['p', 'q'], 170141183460469231731687303715884105727, 'z'::blob); \
    create index by_note on own.a(note); create macro own.twice(x) as x * 2; \
    create view own.both as select a.id, b.tags from own.a as a left join own.b as b on b.a_id = a.id; \
    create view own.chats as select chat_id from jivochat_data.chats; comment on table own.a is 'mine'\")\n\
    c.close()\n";

const AFTER: &str = "import duckdb, dlt\n\
    c = duckdb.connect('jivochat.duckdb')\n\
    print('rows', c.execute('select * exclude (since), since::date::varchar from own.a order by id').fetchall(), \
    c.execute('select * from own.b').fetchall())\n\
    print('views', c.execute('select * from own.both order by id').fetchall(), c.execute('select own.twice(4)').fetchall(), \
    c.execute('select * from own.chats').fetchall())\n\
    print('next', c.execute(\"select nextval('own.numbers')\").fetchall(), \
    c.execute(\"select index_name from duckdb_indexes()\").fetchall(), \
    c.execute(\"select comment from duckdb_tables() where table_name = 'a'\").fetchall())\n\
    try:\n    c.execute(\"insert into own.b values (9, null, null, null)\")\n\
    except duckdb.ConstraintException: print('refused')\n\
    c.close()\n\
    pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
    dataset_name='jivochat_data')\n\
    pipeline.sync_destination()\n\
    pipeline.run([{'id': 1}], table_name='notes')\n\
    print('dlt', len(pipeline.dataset().chats.df()), len(pipeline.dataset().notes.df()))\n";

#[test]
fn what_else_is_in_the_database_stays_and_dlt_goes_on() {
    let server = server();
    let project = loaded(&server);
    acceptance::dlt::run(project.dir(), OWN);
    project.cli().args(["forget", "--client", "7301"]).run().code(0);
    nowhere(&project, &WORDS, &[]);
    acceptance::dlt::run(project.dir(), AFTER).stdout_has(&[
        "rows [(1, 'glad', 'x', '2026-01-01'), (2, None, 'y', '2026-01-02')] \
         [(2, ['p', 'q'], 170141183460469231731687303715884105727, b'z')]\n",
        "views [(1, None), (2, ['p', 'q'])] [(8,)] [('77002',)]\n",
        "next [(5,)] [('by_note',)] [('mine',)]\n",
        "refused\n",
        "dlt 1 1\n",
    ]);
    // This program goes on, too.
    project.run().run().code(0);
}

/// Asserts that a call ended with 5 and some words, and that nothing was removed or noted.
#[track_caller]
fn refused(project: &acceptance::project::Project, words: &[&str]) {
    let output = project.cli().args(["forget", "--client", "7301"]).run();
    output.code(5).stderr_has(words);
    assert!(!project.path(".sluicegate/forgotten").exists());
    let export = project.cli().args(["inbox", "export"]).run().code(0).stdout.clone();
    assert!(export.contains(WORDS[0]));
}

#[test]
fn a_database_that_cannot_be_had_or_copied_is_left_alone() {
    let server = server();
    let project = loaded(&server).set("destination.lock_wait", "0s");
    let hold = "import duckdb, time\n\
                connection = duckdb.connect('jivochat.duckdb', read_only=True)\n\
                open('held', 'w').close()\n\
                time.sleep(600)";
    let mut holder = acceptance::dlt::script(project.dir(), hold).spawn();
    holder.until("the lock", || project.path("held").exists());
    refused(&project, &["jivochat.duckdb` is locked by", &holder.id().to_string()]);
    drop(holder);
    let own = |sql: &str| {
        let code = format!("import duckdb\nduckdb.connect('jivochat.duckdb').execute('{sql}')");
        acceptance::dlt::run(project.dir(), &code);
    };
    own("create table main.tree(id int primary key, up int references tree(id))");
    let words = [
        "jivochat.duckdb` cannot be copied: the foreign keys of `main.tree` lead back to themselves",
        "hint: DuckDB keeps deleted rows in its file",
    ];
    refused(&project, &words);
    own("drop table main.tree; create table a(id int primary key, b int as (id + 1))");
    own("create table c(a int references a(id))");
    refused(&project, &["it has foreign keys, and `main.a` has a generated column"]);
    assert_eq!(project.count("chats"), 2);
    own("drop table c");
    project.cli().args(["forget", "--client", "7301"]).run().code(0);
    nowhere(&project, &WORDS, &[]);
}

#[test]
fn a_database_behind_a_link_keeps_its_place_and_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = server();
    let project = loaded(&server);
    let (link, file) = (project.path("jivochat.duckdb"), project.path("elsewhere.duckdb"));
    std::fs::rename(&link, &file).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("elsewhere.duckdb", &link).unwrap();
    project.cli().args(["forget", "--client", "7301"]).run().code(0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    nowhere(&project, &WORDS, &[]);
    assert_eq!(project.count("chats"), 1);
}

/// Whoever writes to the database while it is written anew waits, and writes to the new one.
#[test]
fn a_run_at_the_same_time_loses_nothing() {
    let server = server();
    let project = acceptance::project::Project::new(&server).only(&["inbound_messages"]);
    project.run().run().code(0);
    for runs in 2..=effort::either(4, 20) {
        let forget = project.cli().args(["forget", "--client", "nobody"]).spawn();
        let run = project.run().spawn();
        let other = project.run().spawn();
        forget.wait().code(0);
        run.wait().code(0);
        other.wait().code(0);
        assert_eq!(project.count("inbound_messages"), 36 * (2 * runs - 1));
        let loads = project.value("SELECT count(*) FROM jivochat_data._dlt_loads");
        assert_eq!(loads, (2 * runs - 1).to_string());
    }
}
