//! Does one piece of work, for a tool that counts instructions (`.ci/bench-count`): `sluicegate-count split | normalize | nothing`.
//!
//! Each of them makes the same pages first, so what `nothing` takes can be subtracted from what the others take.

use std::hint::black_box;

fn main() -> anyhow::Result<()> {
    let (bodies, lines) = black_box((micro::bodies(), micro::lines()));
    let rows = match std::env::args().nth(1).as_deref() {
        Some("nothing") => 0,
        Some("split") => black_box(micro::split(bodies)?).iter().map(|records| records.count).sum(),
        Some("normalize") => {
            let (_, batches) = black_box(micro::normalize(&lines)?);
            batches.iter().find(|batch| batch.table == micro::RESOURCE).map_or(0, |root| root.batch.num_rows() as u64)
        }
        _ => anyhow::bail!("usage: sluicegate-count split | normalize | nothing"),
    };
    anyhow::ensure!(rows == 0 || rows == micro::ROWS, "{rows} rows instead of {}", micro::ROWS);
    Ok(())
}
