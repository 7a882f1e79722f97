//! What the figures should be, and whether they are.

use crate::results::Results;
use crate::stats::{ratio, seconds};
use crate::tool::Tool::{self, DltArrow, DltDefault, DltJsonl, DltTuned, Native, ReadJsonFlat, Sluicegate};

/// A goal with the figure that is to meet it.
pub(crate) struct Goal {
    pub(crate) title: &'static str,
    pub(crate) wanted: String,
    pub(crate) found: String,
    pub(crate) is_met: bool,
}

/// The goals whose scenarios were measured.
pub(crate) fn goals(results: &Results) -> Vec<Goal> {
    let times =
        |scenario: &str, rival: Tool| Some(results.wall(scenario, rival)? / results.wall(scenario, Sluicegate)?);
    let share = |scenario: &str, rival: Tool| times(scenario, rival).map(|times| 1.0 / times);
    let faster = |title, wanted: f64, found: Option<f64>| {
        let found = found?;
        Some(Goal { title, wanted: format!("≥ {wanted} times"), found: ratio(found), is_met: found >= wanted })
    };
    let below = |title, wanted: f64, found: Option<f64>| {
        let found = found?;
        Some(Goal { title, wanted: format!("≤ {wanted}"), found: ratio(found), is_met: found <= wanted })
    };
    let memory = |title, scenario| {
        let found = results.rss(scenario, Sluicegate)?;
        Some(Goal { title, wanted: "≤ 200 MB".into(), found: format!("{found:.0} MB"), is_met: found <= 200.0 })
    };
    let one_row = results.wall("one", Sluicegate).map(|wall| Goal {
        title: "one row, warm cache, whole process",
        wanted: "≤ 45 ms".into(),
        found: seconds(wall),
        is_met: wall <= 0.045,
    });
    // The slowest resource waits 100 times 100 ms.
    let waiting = results.wall("resources", Sluicegate).map(|wall| Goal {
        title: "4 resources of 100 pages at 100 ms, beside the 10 s that each of them waits",
        wanted: "≤ 11 s".into(),
        found: seconds(wall),
        is_met: wall <= 11.0,
    });
    let goals = [
        faster("200,000 nested rows against tuned dlt", 12.0, times("nested", DltTuned)),
        faster("200,000 nested rows against dlt with jsonl files", 22.0, times("nested", DltJsonl)),
        faster("200,000 nested rows against a hand-written Arrow resource of dlt", 4.0, times("nested", DltArrow)),
        faster("20,000 nested rows against dlt as installed", 80.0, times("small", DltDefault)),
        below("time against `read_json`, taken apart, of 200,000 nested rows", 0.7, share("nested", ReadJsonFlat)),
        one_row,
        memory("peak memory at 200,000 nested rows", "nested"),
        memory("peak memory at 2,000,000 nested rows", "large"),
        below("time against the same source compiled natively", 1.15, share("nested", Native)),
        faster("merge of 200,000 rows into 1,000,000 against dlt", 10.0, times("merge", DltTuned)),
        waiting,
    ];
    goals.into_iter().flatten().collect()
}
