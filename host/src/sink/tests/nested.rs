//! What stays JSON, because it is nested deeper than tables go: DuckDB checks it once more.

use proptest::prelude::*;

use super::merges::Loads;
use crate::model::ResourceName;
use crate::normalize::ResourceHints;

/// JSON as services write it, and as nobody should.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,5})?",
        r#""([a-z é\u{2028}\u{7f}]|\\["\\/bfnrt]|\\u[0-9a-f]{4}){0,8}""#,
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = r#""[a-z\u{e9}]{0,3}""#;
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn what_stays_json_is_taken(documents in prop::collection::vec(document(), 100)) {
        let mut hints = ResourceHints::new(ResourceName::new("t").unwrap());
        hints.max_table_nesting = Some(0);
        let mut loads = Loads::of(hints);
        let records: Vec<_> = documents.iter().map(|document| format!("{{\"doc\":[{document}]}}")).collect();
        loads.load(&records);
        loads.check("SELECT count(*), typeof(any_value(doc)) FROM data.t WHERE json_valid(doc)", &["[100,\"JSON\"]"]);
    }
}
