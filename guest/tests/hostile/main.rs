//! What holds whatever a service answers, a cursor says or a path is. Each check is run here with the inputs that are kept
//! in `tests/fuzz/seeds` and with random ones, and by the fuzz target of the same name.

use std::{fs, path::Path};

use proptest::prelude::*;

mod answers;
mod cursor;
mod paths;
mod service;

/// Hands each input that is kept for a fuzz target to its check.
fn each_seed(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("`{}`: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        check(&file.and_then(|file| fs::read(file.path())).unwrap_or_else(|error| panic!("{error}")));
        count += 1;
    }
    assert!(count > 0, "`{}` is empty", folder.display());
}

#[test]
fn what_is_kept() {
    each_seed("answers", answers::check);
    each_seed("cursor", cursor::check);
    each_seed("paths", paths::check);
}

/// JSON with the keys that paging looks for.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,3}",
        "\"(/x\\?p=[0-9]|https://[ah]/|[a-c]{0,2}|sgt_0123456789abcdef)\"",
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop::sample::select(vec![
            "data",
            "next",
            "next_cursor",
            "has_more",
            "total",
            "page",
            "pages",
            "offset",
            "a",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn answer() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        6 => "200\n",
        1 => "(302|404|429|503)\n(Location|Retry-After): (/x|https://evil.example/sgt_0123456789abcdef|[0-9]{1,20}|é)\n",
        1 => "200\nLink: </r/x\\?p=[0-9]>; rel=(next|last)\n",
    ];
    (head, json()).prop_map(|(head, body)| format!("{head}\n{body}"))
}

fn settings() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("{}".to_owned()),
        1 => "\\{\"paginator\":\"(cursor|offset|page_number|json_link|header_link|header_cursor|single_page)\"\\}",
        1 => "\\{\"data_selector\":\"(data|a\\[\\*\\]|\\$|next\\.a)\",\"path\":\"(y\\?z=1|/v2|https://b.example/x)\"\\}",
    ]
}

proptest! {
    #[test]
    fn any_answers_are_read(settings in settings(), answers in prop::collection::vec(answer(), 0..5)) {
        answers::check(format!("{settings}\n{}", answers.join("\n---\n")).as_bytes());
    }

    #[test]
    fn any_cursor_is_resumed_or_has_expired(
        to in "(/r/x\\?p=[0-9]|https://(evil|wh)\\.example/sgt_0123456789abcdef|.{0,8})",
        selector in "(data|a\\[\\*\\]|\\$)",
        at in any::<u64>(),
        answer in answer(),
    ) {
        let to = serde_json::Value::from(to);
        let counter = r#"{"records":true,"param":"o","start":0,"base":1,"guessed":false,"limit":["l",5],"stop_after_empty_page":false}"#;
        for paginator in [format!("{{\"offset\":{counter}}}"), "\"single_page\"".to_owned()] {
            let place = format!("{{\"at\":{at},\"step\":{at},\"before\":1,\"probing\":true}}");
            let cursor = format!("{{\"from\":1,\"to\":{to},\"selector\":\"{selector}\",\"paginator\":{paginator},\"place\":{place}}}");
            cursor::check(format!("{cursor}\n{answer}").as_bytes());
        }
    }

    #[test]
    fn any_path_finds_what_is_there(path in "\\$?(\\.?(a|data|next|\\*)|\\[([0-9]|\\*|'a'|\"\\\\\"\")\\]|.){0,4}", json in json()) {
        paths::check(format!("{path}\n{json}").as_bytes());
    }
}
