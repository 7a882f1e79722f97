use super::*;

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

fn sample() -> State {
    let mut state = State::default();
    state.tokens.insert("jivo_public_id".into(), "sgt_0123".into());
    let checkpoint = Checkpoint { cursor: Some("v1.abc".into()), ..Checkpoint::default() };
    state.resources.insert(name("inbound_messages"), checkpoint);
    state.completed.insert(name("status"));
    state
}

#[test]
fn what_is_written_is_read() {
    let mut sources = json!({});
    sample().write(&mut sources, "jivochat_source");
    assert_eq!(State::read(&sources, "jivochat_source").unwrap(), sample());
    assert_eq!(State::read(&sources, "another").unwrap(), State::default());
}

#[test]
fn dlt_s_own_state_is_left_alone() {
    let dlt = json!({"incremental": {"created_at": {"last_value": 5}}});
    let mut sources = json!({
        "jivochat_source": {"resources": {
            "inbound_messages": dlt, "old": {"sluicegate": {"cursor": "x"}}, "Mine": {"sluicegate": 1, "incremental": 2},
        }, "mine": 1},
        "another": {"resources": {}},
    });
    let known = State::read(&sources, "jivochat_source").unwrap();
    State { incremental: known.incremental, ..sample() }.write(&mut sources, "jivochat_source");
    assert_eq!(sources["jivochat_source"]["resources"]["inbound_messages"]["incremental"], dlt["incremental"]);
    assert_eq!(sources["jivochat_source"]["mine"], 1);
    assert_eq!(sources["jivochat_source"]["resources"]["Mine"], json!({"sluicegate": 1, "incremental": 2}));
    assert!(sources["jivochat_source"]["resources"].get("old").is_none());
    assert!(sources.get("another").is_some());
}

#[test]
fn incremental_fields_are_written_where_dlt_keeps_them_and_forgotten_with_their_resource() {
    let watermark = json!({"initial_value": null, "last_value": 5, "unique_hashes": [], "start_value": null});
    let mut state = sample();
    let fields = Map::from_iter([("created_at".to_owned(), watermark.clone())]);
    state.incremental.insert(name("inbound_messages"), fields);
    let mut sources = json!({});
    state.write(&mut sources, "s");
    assert_eq!(sources["s"]["resources"]["inbound_messages"]["incremental"]["created_at"], watermark);
    assert_eq!(State::read(&sources, "s").unwrap(), state);
    state.incremental.clear();
    state.write(&mut sources, "s");
    assert_eq!(sources["s"]["resources"]["inbound_messages"].get("incremental"), None);
}

#[test]
fn what_is_forgotten_is_gone_in_dlt_s_words_as_well() {
    let resource = json!({"incremental": {"at": {"last_value": 5}}, "sluicegate": {"cursor": "x"}});
    let header = json!({"version": 1, "tokens": {"id": "sgt-0"}});
    let resources = json!({"a": resource, "b": resource, "c": resource});
    let mut sources = json!({"s": {"sluicegate": header, "mine": 1, "resources": resources}, "other": {"mine": 2}});
    forget(&mut sources, "s", &name("a"));
    assert_eq!(sources["s"]["resources"], json!({"b": resource, "c": resource}));
    forget_others(&mut sources, "s", &[&name("c")]);
    assert_eq!(sources, json!({"s": {"sluicegate": header, "resources": {"c": resource}}, "other": {"mine": 2}}));
    forget(&mut sources, "none", &name("c"));
    forget_others(&mut sources, "none", &[]);
}

#[test]
fn what_waits_in_staging_is_told_beside_it() {
    let mut state = sample();
    let mut sources = json!({});
    state.write(&mut sources, "s");
    let known = sources.clone();
    assert_eq!(state.staged(), None);

    // The rows of the resource wait from now on.
    state.waiting.insert(name("inbound_messages"));
    state.resources.get_mut(&name("inbound_messages")).unwrap().cursor = Some("v1.staged".into());
    state.write(&mut sources, "s");
    assert_eq!(sources, known);
    let staged = state.staged().unwrap();

    let read = || {
        let mut state = State::read(&sources, "s").unwrap();
        state.tokens.clear();
        state.read_staged(&staged, "s").unwrap();
        state
    };
    // Nobody goes on with it, and it stays as it is.
    assert_eq!(read().staged(), Some(staged.clone()));
    assert_eq!(read().tokens, state.tokens);
    let mut taken_up = read();
    taken_up.take_up(&name("inbound_messages"), true);
    assert_eq!(taken_up, state);
    // Its rows are no longer staged: they are read again from where those in the dataset end.
    let mut given_up = read();
    given_up.take_up(&name("inbound_messages"), false);
    assert_eq!(given_up.resources, sample().resources);
    assert_eq!(given_up.staged(), None);
    // Or they were not staged before: what is in the dataset is not in staging.
    let mut anew = sample();
    anew.take_up(&name("inbound_messages"), true);
    assert_eq!(anew.resources[&name("inbound_messages")].cursor, None);
}

#[test]
fn a_refresh_is_gone_on_with() {
    let mut state = sample();
    let checkpoint = Checkpoint { refresh: Some(Refresh::default()), ..Checkpoint::default() };
    state.staged.insert(name("inbound_messages"), checkpoint.clone());
    state.take_up(&name("inbound_messages"), false);
    assert_eq!(state.resources[&name("inbound_messages")], checkpoint);
}

#[test]
fn a_later_format_and_a_damaged_one_are_refused() {
    let later = json!({"s": {"sluicegate": {"version": 2}}});
    assert!(matches!(State::read(&later, "s"), Err(StateError::TooNew { found: 2, .. })));
    let damaged = json!({"s": {"sluicegate": {"version": "one"}}});
    assert!(matches!(State::read(&damaged, "s"), Err(StateError::Damaged { .. })));
    let mut state = State::default();
    let later = state.read_staged(&json!({"version": 2, "resources": {}}), "s");
    assert!(matches!(later, Err(StateError::TooNew { found: 2, .. })));
    assert!(matches!(state.read_staged(&json!({"version": 1}), "s"), Err(StateError::Damaged { .. })));
}
