//! Services that only grow, read by runs that are killed anywhere: each record is loaded once, or merged.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FIELD, Memory, merging, pass, settings};
use crate::{
    incremental::{Filter, Settings},
    model::RowOrder,
    normalize::Verdict,
};

/// How a service answers.
#[derive(Clone, Copy, Debug)]
struct Answers {
    /// In this order, which is told, or in any.
    order: RowOrder,
    /// Whether it leaves out what is below the start.
    filters: bool,
    page: usize,
}

/// What happens to a read.
#[derive(Clone, Debug)]
struct Run {
    /// Records that are there when it begins, beside those that were there before: how far each is after the one before.
    new: Vec<u8>,
    /// At which pages the process is killed, and how many pages back the last commit was.
    kills: Vec<(usize, usize)>,
    shuffle: u64,
}

fn run() -> impl Strategy<Value = Run> {
    let new = prop::collection::vec(0_u8..3, 0..8);
    let kills = prop::collection::vec((0_usize..6, 0_usize..3), 0..3);
    (new, kills, any::<u64>()).prop_map(|(new, kills, shuffle)| Run { new, kills, shuffle })
}

fn answers() -> impl Strategy<Value = Answers> {
    let order = prop_oneof![Just(RowOrder::Unordered), Just(RowOrder::Ascending), Just(RowOrder::Descending)];
    (order, any::<bool>(), 1_usize..5).prop_map(|(order, filters, page)| Answers { order, filters, page })
}

/// One instant in one of four ways.
fn written(minutes: u64, way: u64) -> String {
    let (hour, minute) = (minutes / 60, minutes % 60);
    match way % 4 {
        0 => format!("2026-01-02T{hour:02}:{minute:02}:00Z"),
        1 => format!("2026-01-02T{hour:02}:{minute:02}:00.000+00:00"),
        2 => format!("2026-01-02 {hour:02}:{minute:02}:00"),
        _ => format!("2026-01-02T{:02}:{minute:02}:00+02:00", hour + 2),
    }
}

/// A record, and its place in time.
#[derive(Clone, Debug)]
struct Record {
    id: u64,
    minutes: u64,
    json: Value,
}

/// The answer of the service to one read, in pages. It does not change while the read goes on.
fn pages(all: &[Record], filter: &Filter, answers: Answers, shuffle: u64) -> Vec<Vec<Record>> {
    let start = filter.range().start.map(|start| {
        let start: String = serde_json::from_str(&start).unwrap();
        all.iter().find(|record| record.json[FIELD] == *start).unwrap().minutes
    });
    let mut records: Vec<Record> = all
        .iter()
        .filter(|record| !answers.filters || start.is_none_or(|start| record.minutes >= start))
        .cloned()
        .collect();
    // A cheap shuffle: what matters is that equal values come in any order, too.
    records.sort_by_key(|record| record.id.wrapping_mul(shuffle | 1).rotate_left(17));
    match answers.order {
        RowOrder::Unordered => {}
        RowOrder::Ascending => records.sort_by_key(|record| record.minutes),
        RowOrder::Descending => records.sort_by_key(|record| std::cmp::Reverse(record.minutes)),
    }
    let mut pages: Vec<Vec<Record>> = records.chunks(answers.page).map(<[Record]>::to_vec).collect();
    if pages.is_empty() {
        pages.push(Vec::new());
    }
    pages
}

/// Reads a service to its end with all its kills; the answer is the ids of what was committed.
fn read(memory: &mut Memory, settings: &Settings, all: &[Record], answers: Answers, run: &Run) -> Vec<u64> {
    let pages = pages(all, &memory.plan(settings.clone()).unwrap(), answers, run.shuffle);
    let mut committed = Vec::new();
    let mut kills = run.kills.iter();
    loop {
        let kill = kills.next();
        let mut filter = memory.plan(settings.clone()).unwrap();
        let mut open = Vec::new();
        let first = memory.checkpoint().cursor.as_ref().map_or(0, |cursor| cursor.parse().unwrap());
        for (number, page) in pages.iter().enumerate().skip(first) {
            let killed = kill.filter(|(at, _)| *at == number);
            if killed.is_some() {
                break;
            }
            let taken = page.iter().filter(|record| pass(&mut filter, &record.json) == Verdict::Take);
            open.extend(taken.map(|record| record.id));
            if number + 1 == pages.len() || filter.ended_early() {
                memory.keep(&mut filter, None);
                committed.append(&mut open);
                return committed;
            }
            // What is read after the last commit is lost with the process.
            if kill.is_none_or(|(at, back)| number + back < *at) {
                memory.keep(&mut filter, Some(&(number + 1).to_string()));
                committed.append(&mut open);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_record_is_loaded_once(answers in answers(), runs in prop::collection::vec(run(), 1..6)) {
        let settings = Settings { row_order: answers.order, ..settings() };
        let (mut memory, mut all, mut loaded, mut minutes) = (Memory::default(), Vec::new(), Vec::new(), 0);
        for run in &runs {
            for step in &run.new {
                minutes += u64::from(*step);
                let id = all.len() as u64;
                let json = json!({"id": id, FIELD: written(minutes, id.wrapping_mul(run.shuffle))});
                all.push(Record { id, minutes, json });
            }
            loaded.extend(read(&mut memory, &settings, &all, answers, run));
            let mut sorted = loaded.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..all.len() as u64).collect::<Vec<_>>());
        }
    }

    /// Also when records come with values below those that were shown before, as long as the service delivers them.
    #[test]
    fn each_late_record_is_merged(page in 1_usize..5, runs in prop::collection::vec(run(), 1..6)) {
        let answers = Answers { order: RowOrder::Unordered, filters: false, page };
        let (mut memory, mut all, mut merged) = (Memory::default(), Vec::new(), BTreeSet::new());
        for run in &runs {
            for step in &run.new {
                let id = all.len() as u64;
                let minutes = (id * 7 + u64::from(*step) + run.shuffle % 50) % 600;
                all.push(Record { id, minutes, json: json!({"id": id, FIELD: written(minutes, id)}) });
            }
            merged.extend(read(&mut memory, &merging(), &all, answers, run));
            prop_assert_eq!(merged.len(), all.len());
        }
    }
}
