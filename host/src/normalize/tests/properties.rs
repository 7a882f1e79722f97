//! What holds for all pages.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;

use super::{
    LOAD, NOW,
    contracts::{goes_on, hints},
    dump, normalizer, resource,
};
use crate::{
    model::{ContractEntity, ContractMode, SchemaContract},
    normalize::{
        Discarded, Normalizer, TableBatch,
        schema::{Schema, Table},
    },
};

fn record() -> impl Strategy<Value = Value> {
    record_of(prop_oneof![4 => "[abcN_]{1,3}", 1 => ".{0,3}"].boxed())
}

/// Records some of which bring their own ids.
pub(super) fn record_with_ids() -> impl Strategy<Value = Value> {
    record_of(prop_oneof![4 => "[abcN_]{1,3}", 1 => Just("_dlt_id".to_owned())].boxed())
}

fn record_of(key: BoxedStrategy<String>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        Just(Value::from(1.5)),
        prop_oneof!["[ab]{0,2}", Just("2024-01-02T03:04:05Z".to_owned()), Just("7".to_owned())].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn rows(batches: &[TableBatch], table: &str) -> usize {
    batches.iter().find(|batch| batch.table == table).map_or(0, |batch| batch.batch.num_rows())
}

fn load(normalizer: &mut Normalizer, records: &[Value]) -> Vec<TableBatch> {
    let page: Vec<String> = records.iter().map(Value::to_string).collect();
    normalizer.page(&resource(), LOAD, NOW, page.join("\n").as_bytes()).unwrap();
    normalizer.take_batches().unwrap()
}

/// How many scalars a record has that are not null.
fn scalars(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(items) => items.iter().map(scalars).sum(),
        Value::Object(members) => members.values().map(scalars).sum(),
        _ => 1,
    }
}

/// How many cells have a value, without those of dlt's columns.
fn cells(batches: &[TableBatch]) -> usize {
    batches
        .iter()
        .filter(|batch| batch.table != "_rejected_records")
        .flat_map(|batch| {
            dump::rows(std::slice::from_ref(batch), |name, _| {
                matches!(name, "_dlt_id" | "_dlt_load_id" | "_dlt_parent_id" | "_dlt_list_idx")
            })
        })
        .map(|row| row.split(" | ").nth(1).map_or(0, |cells| cells.split(' ').count()))
        .sum()
}

fn mode() -> impl Strategy<Value = ContractMode> {
    prop_oneof![
        Just(ContractMode::Evolve),
        Just(ContractMode::Freeze),
        Just(ContractMode::DiscardRow),
        Just(ContractMode::DiscardValue),
    ]
}

/// What a contract lets change: a table or a column that one schema has and the other has not.
fn check_schema(before: &Schema, after: &Schema, contract: SchemaContract) -> Result<(), TestCaseError> {
    let evolves = |entity| contract.mode(entity) == ContractMode::Evolve;
    for table in after.tables.values().filter(|table| !table.is_new() && table.name != "_rejected_records") {
        let known = before.tables.get(&table.name).filter(|table| !table.is_new());
        prop_assert!(known.is_some() || evolves(ContractEntity::Tables), "table {}", table.name);
        for column in table.columns.values().filter(|column| column.data_type.is_some()) {
            let has_it = |known: &Table| known.columns.get(&column.name) == Some(column);
            let allowed = known.is_some_and(has_it)
                || column.name.starts_with("_dlt")
                || if column.variant {
                    evolves(ContractEntity::DataType)
                } else {
                    evolves(ContractEntity::Columns) || known.is_none()
                };
            prop_assert!(allowed, "column {} of {}", column.name, table.name);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic_and_each_line_is_a_row_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut normalizer = normalizer();
        let outcome = normalizer.page(&resource(), LOAD, NOW, &bytes).unwrap();
        let batches = normalizer.take_batches().unwrap();
        prop_assert_eq!(outcome.records, rows(&batches, "t") as u64);
        prop_assert_eq!(outcome.rejected, rows(&batches, "_rejected_records") as u64);
    }

    #[test]
    fn each_record_is_one_row_and_each_scalar_one_cell(records in prop::collection::vec(record(), 0..6)) {
        let mut normalizer = normalizer();
        let batches = load(&mut normalizer, &records);
        let expected = records.iter().filter(|record| !record.is_null()).count();
        prop_assert_eq!(rows(&batches, "t"), expected);

        prop_assert_eq!(cells(&batches), records.iter().map(scalars).sum::<usize>(), "{:?}", records);
    }

    #[test]
    fn bad_lines_change_nothing_for_the_others(records in prop::collection::vec(record_with_ids(), 1..6)) {
        let mut alone = normalizer();
        let mut mixed = normalizer();
        let expected = load(&mut alone, &records);
        let mut page = String::new();
        for record in &records {
            writeln!(page, "{{\"bad\":{record}\n{record}").unwrap();
        }
        mixed.page(&resource(), LOAD, NOW, page.as_bytes()).unwrap();
        let mut batches = mixed.take_batches().unwrap();
        batches.retain(|batch| batch.table != "_rejected_records");
        let expected: Vec<_> = expected.into_iter().filter(|batch| batch.table != "_rejected_records").collect();
        prop_assert_eq!(dump::rows(&batches, |_, _| false), dump::rows(&expected, |_, _| false));
    }

    #[test]
    fn a_schema_that_is_known_is_not_changed(records in prop::collection::vec(record_with_ids(), 1..6)) {
        let mut first = normalizer();
        load(&mut first, &records);
        let schema = first.schema().clone();
        load(&mut first, &records);
        prop_assert_eq!(first.schema(), &schema);
    }

    #[test]
    fn contracts_keep_the_schema_and_count_what_they_drop(
        first in prop::collection::vec(record(), 1..4),
        second in prop::collection::vec(record(), 1..4),
        modes in [mode(), mode(), mode()],
    ) {
        let contract = SchemaContract::Each(modes.map(Some));
        let mut free = normalizer();
        load(&mut free, &first);
        let mut held = goes_on(free.schema(), &hints(contract));
        let before = held.schema().clone();
        let lines: Vec<String> = second.iter().map(Value::to_string).collect();
        let outcome = held.page(&resource(), LOAD, NOW, lines.join("\n").as_bytes());
        let after = held.schema().clone();
        check_schema(&before, &after, contract)?;
        let (free, held) = (load(&mut free, &second), held.take_batches().unwrap());
        let Ok(outcome) = outcome else {
            prop_assert!(modes.contains(&ContractMode::Freeze));
            prop_assert_eq!((&after, held.len()), (&before, 0));
            return Ok(());
        };
        let Discarded { records, rows, values } = outcome.discarded;
        prop_assert_eq!(outcome.records + outcome.rejected + records, second.len() as u64);
        let count = |batches: &[TableBatch]| batches.iter().map(|batch| batch.batch.num_rows() as u64).sum::<u64>();
        prop_assert_eq!(count(&held) + rows, count(&free));
        if rows == 0 {
            prop_assert_eq!(cells(&held) as u64 + values, cells(&free) as u64);
        }
    }
}
