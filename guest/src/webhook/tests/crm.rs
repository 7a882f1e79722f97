//! Events of the CRM.

use serde_json::{Value, json};

use super::*;

fn record(body: &Value) -> Value {
    let [record] = &records(body, "crm_events")[..] else { panic!("not one record: {body}") };
    record.clone()
}

#[test]
fn what_changed_is_kept_with_its_category() {
    let body = json!({"event_type": "crm_deal", "event_name": "updated_deal", "deal_id": 5, "client": {"client_id": 312},
        "title": "Chairs", "amount": "120.50", "pipeline": {"pipeline_id": 1, "pipeline_status": {"pipeline_status_id": 2},
        "pipeline_reject_reason": {"pipeline_reject_reason_id": null}}, "created_ts": 1_767_225_600, "closed_ts": null});
    let id = records(&body, "events")[0]["id"].clone();
    assert_eq!(
        record(&body),
        json!({"id": id, "category": "crm_deal", "event_name": "updated_deal", "received_at": RECEIVED_AT,
            "deal_id": "5", "client": {"client_id": "312"}, "title": "Chairs", "amount": 120.50,
            "pipeline": {"pipeline_id": "1", "pipeline_status": {"pipeline_status_id": "2"}},
            "created_ts": "2026-01-01T00:00:00.000Z"})
    );
}

#[test]
fn every_category_has_its_records() {
    for (name, category, members) in [
        ("created_pipeline", "crm_pipeline", json!({"pipeline_statuses": [{"pipeline_status_id": 1, "position": 0}]})),
        ("reordered_status", "crm_status", json!({"status_id": 2, "new_status_id": null})),
        ("assigned_status", "crm_status", json!({"status": {"status_id": 2}, "client": {"client_id": 1}})),
        ("merged_client_tag", "crm_client_tag", json!({"tag": {"tag_id": 1}, "merged_tags": [{"tag_id": 2}]})),
        ("changed_administrator_only_client_tag", "crm_client_tag", json!({"enabled": 1})),
        ("fired_task", "crm_task", json!({"task_id": 1, "show_notification": 0, "notify_ts": 1_767_225_600})),
        ("completed task", "crm_task", json!({"task_id": 1})),
        ("created_organization", "crm_organization", json!({"organization_id": 3})),
        (
            "changed_client_blacklist",
            "crm_client",
            json!({"client_id": 1, "blacklist": {"block_datetime_ts": 1_767_225_600}}),
        ),
    ] {
        let body = with(&members, "event_name", json!(name));
        let found = record(&body);
        assert_eq!((&found["category"], &found["event_name"]), (&json!(category), &json!(name.replace(' ', "_"))));
    }
    assert_eq!(record(&json!({"event_name": "changed_administrator_only_client_tag", "enabled": 1}))["enabled"], true);
    assert_eq!(
        record(&json!({"event_name": "fired_task", "notify_ts": 1_767_225_600}))["notify_ts"],
        "2026-01-01T00:00:00.000Z"
    );
}

#[test]
fn names_with_a_cyrillic_letter_are_understood() {
    let body = json!({"event_name": "\u{441}reated_\u{441}lient", "\u{441}lient_id": 312, "name": "Ib Ro"});
    assert_eq!(records(&body, "clients")[0]["client_id"], "312");
}
