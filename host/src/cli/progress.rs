//! Progress of a run on stderr: a bar per resource on a terminal, lines elsewhere.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{
    args::ProgressKind,
    render::{count, rate, thousands, wait},
};
use crate::pipeline::{Event, Observer};

/// Lines come at most this often, so that a log stays readable.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Shows what happens in a run.
pub(crate) struct Progress {
    shown: Mutex<Vec<Shown>>,
    bars: Option<MultiProgress>,
    silent: bool,
}

/// One resource as it is shown.
struct Shown {
    name: String,
    began: Instant,
    last_line: Instant,
    pages: u64,
    rows: u64,
    total: Option<u64>,
    over: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows nothing until something happens.
    pub(crate) fn new(kind: ProgressKind, quiet: bool, names: &[String]) -> Self {
        let bars = kind == ProgressKind::Auto && !quiet && std::io::stderr().is_terminal();
        let now = Instant::now();
        let shown = names
            .iter()
            .map(|name| Shown {
                name: name.clone(),
                began: now,
                last_line: now,
                pages: 0,
                rows: 0,
                total: None,
                over: false,
                bar: None,
            })
            .collect();
        Self {
            shown: Mutex::new(shown),
            bars: bars.then(MultiProgress::new),
            silent: quiet || kind == ProgressKind::None,
        }
    }

    /// Prints a line, above the bars if there are any.
    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.println(text);
            }
            None => eprintln!("{text}"),
        }
    }

    /// Ends a resource once both its last page is fetched and the page's rows are normalized.
    pub(crate) fn finish(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in shown.iter_mut().filter(|resource| resource.over) {
            if let Some(bar) = resource.bar.take() {
                bar.finish_and_clear();
            }
            if !self.silent {
                self.line(&resource.text());
            }
        }
    }
}

impl Shown {
    fn text(&self) -> String {
        let total = self.total.map(|total| format!(" of {}", thousands(total))).unwrap_or_default();
        let (pages, rows) = (count(self.pages, "page"), count(self.rows, "row"));
        format!("{}: {pages}, {rows}{total}, {}", self.name, rate(self.rows, self.began.elapsed()))
    }

    fn show(&mut self, bars: Option<&MultiProgress>) -> Option<String> {
        if let Some(bars) = bars {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = bars.add(ProgressBar::new_spinner());
                bar.set_style(ProgressStyle::default_spinner());
                bar
            });
            if let Some(total) = self.total.filter(|_| bar.length().is_none()) {
                bar.set_length(total);
                if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
                    bar.set_style(style);
                }
            }
            let text = self.text();
            if let Some(bar) = &self.bar {
                bar.set_position(self.rows);
                bar.set_message(text);
            }
            return None;
        }
        if self.last_line.elapsed() < LINE_EVERY {
            return None;
        }
        self.last_line = Instant::now();
        Some(self.text())
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, line) = match event {
            Event::Started { resource, resumed } => {
                let Some(one) = shown.get_mut(*resource) else { return };
                one.began = Instant::now();
                one.last_line = one.began;
                (*resource, resumed.then(|| format!("{}: goes on where the last run stopped", one.name)))
            }
            Event::Fetched { resource, total } => {
                let Some(one) = shown.get_mut(*resource) else { return };
                one.pages += 1;
                one.total = total.or(one.total);
                (*resource, None)
            }
            Event::Normalized { resource, records, .. } => {
                let Some(one) = shown.get_mut(*resource) else { return };
                one.rows += records;
                (*resource, one.show(self.bars.as_ref()))
            }
            Event::Retrying { resource, error, wait: pause } => {
                let Some(one) = shown.get(*resource) else { return };
                (*resource, Some(format!("{}: {error}; tries again in {}", one.name, wait(*pause))))
            }
            Event::Restarted { resource } => {
                let Some(one) = shown.get(*resource) else { return };
                (*resource, Some(format!("{}: the service no longer accepts the cursor; starts again", one.name)))
            }
            Event::Ended { resource, error } => {
                let Some(one) = shown.get_mut(*resource) else { return };
                one.over = error.is_none() || one.pages > 0;
                (*resource, None)
            }
            Event::Committed(load) => {
                tracing::info!(load_id = load.load_id, rows = load.rows.values().sum::<u64>(), "committed");
                return;
            }
        };
        let _ = index;
        if let (Some(line), false) = (line, self.silent) {
            self.line(&line);
        }
    }
}
