//! What holds for all merges: the tables are what a map of records by key would hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::merges::{BY_KEY, Loads};
use super::*;
use crate::model::{MergeStrategy, SortOrder};

/// A record: key, mark for deleted ones, field to sort by, items of a list.
#[derive(Clone, Debug)]
struct Record {
    id: u8,
    gone: Option<bool>,
    at: Option<u8>,
    items: Vec<u8>,
}

impl Record {
    fn json(&self, version: usize) -> String {
        let Self { id, gone, at, items } = self;
        let items: Vec<_> = items.iter().map(|item| json!({ "value": item, "deeper": [item] })).collect();
        json!({ "id": id, "version": version, "gone": gone, "at": at, "l": items }).to_string()
    }
}

fn record() -> impl Strategy<Value = Record> {
    let gone = prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(Some)];
    (0..4_u8, gone, prop::option::of(0..3_u8), prop::collection::vec(any::<u8>(), 0..3))
        .prop_map(|(id, gone, at, items)| Record { id, gone, at, items })
}

/// Loads, each in batches.
fn loads() -> impl Strategy<Value = Vec<Vec<Vec<Record>>>> {
    prop::collection::vec(prop::collection::vec(prop::collection::vec(record(), 0..4), 1..4), 1..4)
}

/// What a table should hold after merging a load into it: version and items by key.
type Model = BTreeMap<u8, (usize, Vec<u8>)>;

fn merge(model: &mut Model, load: &[(usize, &Record)], strategy: MergeStrategy, sort: Option<SortOrder>) {
    let mut winners: BTreeMap<u8, (usize, &Record)> = BTreeMap::new();
    for &(version, record) in load {
        let beats = winners.get(&record.id).is_none_or(|(_, first)| match (sort, record.at, first.at) {
            (None, ..) | (_, None, None) => true,
            (Some(_), new, old) if new.is_none() || old.is_none() => new.is_some(),
            (Some(SortOrder::Asc), new, old) => new <= old,
            (Some(SortOrder::Desc), new, old) => new >= old,
        });
        if beats {
            winners.insert(record.id, (version, record));
        }
    }
    for (id, (version, record)) in winners {
        if strategy == MergeStrategy::InsertOnly && model.contains_key(&id) {
            continue;
        }
        model.remove(&id);
        if record.gone != Some(true) {
            model.insert(id, (version, record.items.clone()));
        }
    }
}

fn table(sink: &Sink) -> Model {
    let rows = sink.query("SELECT id, version, _dlt_id FROM data.t").unwrap().rows;
    let number = |value: &Value| value.as_u64().unwrap();
    let mut model = Model::new();
    for row in rows {
        let id = u8::try_from(number(&row[0])).unwrap();
        let items = |sql: &str| -> Vec<u8> {
            let rows = sink.query(&sql.replace("ROOT", row[2].as_str().unwrap())).unwrap().rows;
            rows.iter().map(|row| u8::try_from(number(&row[0])).unwrap()).collect()
        };
        let list = items("SELECT value FROM data.t__l WHERE _dlt_root_id = 'ROOT' ORDER BY _dlt_list_idx");
        let deeper = items(
            "SELECT d.value FROM data.t__l__deeper AS d JOIN data.t__l AS l ON l._dlt_id = d._dlt_parent_id \
             WHERE d._dlt_root_id = 'ROOT' ORDER BY l._dlt_list_idx",
        );
        assert_eq!(list, deeper);
        let before = model.insert(id, (usize::try_from(number(&row[1])).unwrap(), list));
        assert!(before.is_none(), "key {id} is there twice");
    }
    model
}

/// Makes all tables and columns, and leaves them empty.
const EVERYTHING: &str = r#"{"id":0,"version":0,"gone":true,"at":0,"l":[{"value":0,"deeper":[0]}]}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tables_are_what_a_map_would_hold(
        loads in loads(),
        strategy in prop::sample::select(BY_KEY.to_vec()),
        sort in prop::option::of(prop::sample::select(vec![SortOrder::Asc, SortOrder::Desc])),
    ) {
        let mut merging = Loads::merging(strategy);
        merging.hints.hard_delete = Some("gone".to_owned());
        merging.hints.merge.dedup_sort = sort.map(|order| ("at".to_owned(), order));
        merging.declare();
        merging.load(&[EVERYTHING]);
        let mut model = Model::new();
        let mut version = 0;
        for load in &loads {
            let mut numbered = Vec::new();
            for batch in load {
                let first = version;
                version += batch.len();
                numbered.extend((first..).zip(batch));
                let records: Vec<_> = (first..).zip(batch).map(|(version, record)| record.json(version)).collect();
                merging.append(&records);
            }
            merge(&mut model, &numbered, strategy, sort);
            merging.commit(true);
            prop_assert_eq!(&table(&merging.sink), &model);
        }
        let children = "SELECT (SELECT count(*) FROM data.t__l), (SELECT count(*) FROM data.t__l__deeper)";
        let count: usize = model.values().map(|(_, items)| items.len()).sum();
        merging.check(children, &[&format!("[{count},{count}]")]);
    }
}
