//! Where a person can be: documents in columns, child tables, columns of another type, messages that are passed on.

use acceptance::fake_jivo::{Contract, FakeJivo, Options};
use acceptance::project::Project;
use acceptance::receiver::Receiver;
use serde_json::json;

use super::{nowhere, server};

#[test]
fn one_is_found_in_a_document_that_was_not_taken_apart() {
    let server = server();
    let project =
        Project::new(&server).only(&["inbound_messages"]).set("resources.inbound_messages.max_table_nesting", 0);
    project.run().run().code(0);
    let forget = project.cli().args(["forget", "--client", "visitor:90017/301"]).run();
    forget.code(0).stdout_has(&["removed 6 rows, and 0 events", "  inbound_messages: 6 rows\n"]);
    nowhere(&project, &["Пётр Заречный", "petr@example.net"], &[]);
    assert_eq!(project.count("inbound_messages"), 30);
}

/// What the component does not tell, the pipeline file can: here a field that many records have, in lists.
#[test]
fn one_is_found_by_fields_that_the_pipeline_file_names() {
    let server = server();
    let project = Project::new(&server)
        .only(&["inbound_messages", "channel_info"])
        .set("privacy.client", vec!["attachments[*].file_name", "agent.id"]);
    project.run().run().code(0);
    let whose = "SELECT count(DISTINCT _dlt_parent_id) FROM jivochat_data.inbound_messages__attachments \
                 WHERE file_name = 'in-3.jpg'";
    assert_eq!(project.value(whose), "1");
    let forget = |id: &str| project.cli().args(["forget", "--client", id]).run();
    // An identity leads to all others that are in one record with it: to the agent, to whom the pipeline file calls a client.
    let before = project.count("inbound_messages");
    forget("in-3.jpg").code(0).stdout_has(&["client:in-3.jpg", "client:7"]);
    assert_eq!(project.value(whose), "0");
    let left = "SELECT count(*) FROM jivochat_data.inbound_messages WHERE agent__id = 7";
    assert_eq!(project.value(left), "0");
    assert!(project.count("inbound_messages") < before && project.count("channel_info") == 1);
    let project = project.set("privacy.client", vec!["a..b"]);
    project.run().run().code(2).stderr_has(&["`privacy.client`", "has an empty name"]);
}

/// An identity came as a number first, and as a text later.
#[test]
fn one_is_found_in_a_column_of_another_type() {
    let project = Project::receiving();
    let receiver = Receiver::start(&project);
    for reference in [json!(77), json!("77"), json!(77.0), json!("seventy-seven")] {
        let body = json!({"sender": {"id": "c", "name": "x"}, "message": {"type": "text", "text": "t"}, "reference": reference});
        assert_eq!(receiver.post(&body.to_string()).0, 200);
    }
    receiver.stop().code(0);
    let project = project.set("privacy.client", vec!["reference"]);
    assert_eq!(project.count("inbound_messages"), 4);
    // All of them have one sender.
    let forget = project.cli().args(["forget", "--client", "77"]).run();
    forget.code(0).stdout_has(&["client:77, client:c, client:seventy-seven", "  inbound_messages: 4 rows\n"]);
    assert_eq!(project.count("events"), 0);
}

/// Rows wait in staging until their resource is complete.
#[test]
fn one_is_found_among_rows_that_wait() {
    let server = server();
    let project = Project::new(&server)
        .only(&["inbound_messages"])
        .set("source.config.page_size", 9)
        .set("source.limits.pages", 2)
        .set("resources.inbound_messages.write_disposition", "replace");
    project.run().run().code(6);
    let forget = project.cli().args(["forget", "--client", "visitor:90017/301"]).run();
    forget.code(0).stdout_has(&["  jivochat_data_staging.inbound_messages: 6 rows\n"]);
    nowhere(&project, &["Пётр Заречный", "petr@example.net"], &[]);
    let project = project.unset("source.limits.pages");
    project.run().run().code(0).stderr_has(&["6 records left out, of people who were forgotten"]);
    assert_eq!(project.count("inbound_messages"), 30);
    nowhere(&project, &["Пётр Заречный", "petr@example.net"], &[]);
}

/// What waits to be passed on is kept in clear until it is sent.
#[test]
fn one_is_found_among_messages_that_are_passed_on() {
    let service = FakeJivo::start(Options { contract: Contract::Documented, ..Options::default() }).unwrap();
    let project = Project::new(&service).set("relay.shortest_wait", "20ms").set("relay.longest_wait", "40ms");
    let receiver = Receiver::start(&project);
    let message = |client: &str, text: &str| {
        json!({"sender": {"id": client, "name": "Wim Kok"}, "message": {"type": "text", "text": text}}).to_string()
    };
    assert_eq!(receiver.relay("").post(&message("cust-1", "one of Wim")).0, 202);
    receiver.until("the messages", || receiver.metric("sluicegate_relays_waiting") == 0);
    receiver.stop().code(0);
    project.cli().args(["forget", "--client", "cust-1"]).run().code(0).stdout_has(&["inbound_messages: 1 row\n"]);
    nowhere(&project, &["Wim Kok", "one of Wim", "cust-1"], &[]);
    let receiver = Receiver::start(&project);
    assert_eq!(receiver.relay("").post(&message("cust-1", "two of Wim")).0, 202);
    receiver.until("the messages", || receiver.metric("sluicegate_relays_waiting") == 0);
    assert_eq!(receiver.metric("sluicegate_events_forgotten_total"), 1);
    receiver.stop().code(0);
    // It reached the service all the same.
    let bodies: Vec<String> =
        service.requests_to("").iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    assert!(bodies.iter().any(|body| body.contains("two of Wim")), "{bodies:?}");
    nowhere(&project, &["Wim Kok", "two of Wim", "cust-1"], &[]);
}
