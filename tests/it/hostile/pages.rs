//! Components whose pages are too large, wrong, or without end.

use serde_json::json;

use super::{Attack, programs};

#[test]
fn a_page_beyond_the_memory() {
    Attack::new(&programs::IMPOSSIBLE_PAGE)
        .run()
        .stopped("trap", &["the component was stopped in `fetch-page`", "hint: this is an error of the component"]);
}

#[test]
fn a_page_of_200_megabytes() {
    Attack::new(&programs::HUGE_PAGE).run().stopped(
        "limit",
        &[
            "the size of what the component handed over at once reached ",
            ", more than the limit of 16MiB",
            "hint: raise `page_bytes` in [source.limits]",
        ],
    );
}

#[test]
fn a_record_of_100_megabytes() {
    Attack::new(&programs::HUGE_RECORD).run().stopped("limit", &[", more than the limit of 16MiB", "`page_bytes`"]);
}

#[test]
fn a_page_with_a_million_empty_records() {
    Attack::new(&programs::MILLION_RECORDS).run().stopped(
        "limit",
        &[
            "the number of records of the page reached 1000000, more than the limit of 100000",
            "hint: raise `page_records` in [source.limits]",
        ],
    );
}

#[test]
fn a_page_with_a_million_empty_lines() {
    let attacked = Attack::new(&programs::MILLION_LINES).run();
    attacked.output.code(0);
    let resource = attacked.report().resource("attack");
    assert_eq!((&resource["status"], &resource["records"]), (&json!("unchanged"), &json!(0)));
    assert!(attacked.rows().is_empty());
    attacked.good_is_loaded();
}

/// Two records are fine, and one is kept aside, so told.
#[track_caller]
fn check_rejected(attack: Attack, good: usize, raw: &str, reason: &str) {
    let attacked = attack.run();
    attacked.loaded(good as u64);
    assert_eq!(attacked.report().resource("attack")["rejected"], 1);
    assert_eq!(attacked.rows().len(), good);
    let rejected =
        attacked.attack.project.query("SELECT left(raw, 20) AS raw, reason FROM jivochat_data._rejected_records");
    assert_eq!(rejected[0]["raw"], raw);
    assert!(rejected[0]["reason"].as_str().unwrap().contains(reason), "{rejected:?}");
    attacked.output.stderr_has(&["attack: 1 record kept aside in `_rejected_records`"]);
}

#[test]
fn a_record_that_is_no_utf_8() {
    check_rejected(Attack::new(&programs::INVALID_UTF8), 2, "{\"id\":\"\u{fffd}\"}", "UTF-8");
}

#[test]
fn half_a_line() {
    check_rejected(Attack::new(&programs::HALF_A_LINE), 1, "{\"id\":2,\"te", "JSON");
}

#[test]
fn a_record_that_is_a_million_lists_deep() {
    check_rejected(Attack::new(&programs::DEEP_JSON), 1, "[[[[[[[[[[[[[[[[[[[[", "deep");
}

#[test]
fn a_text_that_is_no_utf_8() {
    Attack::new(&programs::INVALID_TEXT).run().stopped("trap", &["the component was stopped in `fetch-page`", "utf-8"]);
}

#[test]
fn the_same_cursor_for_ever() {
    // The first page is one, and says where to go on; the second one says the same.
    Attack::new(&programs::SAME_CURSOR).run().left_off(
        3,
        "invalid-response",
        &["the component returned the cursor that it was given: the pages would never end"],
        1,
    );
}

#[test]
fn a_new_cursor_for_ever() {
    let attack = Attack::new(&programs::NEW_CURSORS).set("source.limits.pages", 5);
    attack.run().left_off(
        6,
        "limit",
        &["stopped after 5 pages", "hint: run again to go on, or raise `pages` in `[source.limits]`"],
        5,
    );
}

#[test]
fn a_trap_on_page_three_of_five() {
    let attacked = Attack::new(&programs::TRAP_ON_PAGE_THREE).run();
    attacked.left_off(6, "trap", &["wasm `unreachable` instruction executed", "hint: this is an error"], 2);
    // The next run asks for the third page again, and no page comes twice.
    let project = attacked.attack.project.set("source.config.tame", true);
    project.run().run().code(0);
    let pages = project.query("SELECT page FROM jivochat_data.attack WHERE page IS NOT NULL ORDER BY page");
    let pages: Vec<_> = pages.iter().map(|row| row["page"].as_i64().unwrap()).collect();
    assert_eq!(pages, [1, 2, 3, 4, 5]);
}

#[test]
fn names_and_values_that_are_sql() {
    let attacked = Attack::new(&programs::HOSTILE_NAMES).run();
    attacked.loaded(1);
    let rows = attacked.rows();
    assert_eq!(rows.len(), 1);
    assert_ne!(rows[0]["_dlt_load_id"], "mine", "a record wrote its own bookkeeping");
    assert_eq!(attacked.attack.project.tables(), ["attack", "attack__list", "good"]);
    attacked.output.lacks("\u{1b}");
}

#[test]
fn a_table_of_the_bookkeeping() {
    Attack::new(&programs::TABLES_OF_OTHERS).run().refused(2, &["`_dlt_loads` is no resource name"]);
}

#[test]
fn a_hundred_thousand_resources() {
    Attack::new(&programs::MANY_RESOURCES).run().refused(2, &["the component lists 100000 resources, more than 10000"]);
}

#[test]
fn a_total_that_is_a_lie() {
    let attacked = Attack::new(&programs::LYING_TOTAL).run();
    attacked.loaded(1);
    attacked.output.stderr_has(&["the service says that there are 18,446,744,073,709,551,615 records, and 1 came"]);
}

#[test]
fn a_wait_without_end() {
    let attack = Attack::new(&programs::ENDLESS_WAIT).set("source.retry.attempts", 3);
    attack.run().failed(4, "rate-limited", &["come back later", "longer than `max_wait`"]);
}

#[test]
fn a_flood_of_log() {
    let attack = Attack::new(&programs::FLOOD_OF_LOG);
    let output = attack.cli().arg("-v").run();
    output.code(0).stderr_has(&[
        "\\u{1b}[2J\\u{1b}[31mred \\u{d} hidden",
        "the log of the component in a second reached ",
        "more than the limit of 64KiB: what is beyond it is left out; raise `log` in [source.limits]",
    ]);
    output.lacks("\u{1b}").lacks("\r");
    // A few seconds may pass meanwhile, each with its own share; all of it would be a megabyte.
    assert!(output.stderr.len() < 700_000, "{} bytes", output.stderr.len());
}

#[test]
fn a_log_of_what_is_not_kept() {
    let attack = Attack::new(&programs::FLOOD_OF_LOG).set("privacy.drop", vec!["phone"]);
    let output = attack.cli().arg("-vv").run();
    output
        .code(0)
        .stderr_has(&["what the component logs is withheld, for [privacy] is set"])
        .lacks("hidden")
        .lacks("xxx");
}
