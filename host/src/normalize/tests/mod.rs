//! The normalizer as a whole: what pages become.

mod any_batch;
mod any_page;
mod any_run;
mod contract_cases;
mod contracts;
mod dlt;
mod dump;
mod hints;
mod improvements;
mod properties;
mod root_ids;
mod schemas;

use super::{Normalizer, PageOutcome, schema::Schema};
use crate::model::ResourceName;

const LOAD: &str = "1700000000.5";
const NOW: i64 = 1_700_000_000_000_000;

fn resource() -> ResourceName {
    ResourceName::new("t").unwrap()
}

/// A normalizer with an empty schema, whose ids are always the same.
fn normalizer() -> Normalizer {
    with_schema(Schema::new("source"))
}

fn with_schema(schema: Schema) -> Normalizer {
    let mut state = 1_u64;
    Normalizer::new(
        schema,
        Box::new(move |bytes| {
            bytes.fill_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            });
        }),
    )
}

fn page(normalizer: &mut Normalizer, records: &[&str]) -> PageOutcome {
    normalizer.page(&resource(), LOAD, NOW, records.join("\n").as_bytes()).unwrap()
}
