//! Fetches one resource, page by page, and hands the pages to the loader.

use std::cell::RefCell;

use tokio::sync::{mpsc::Sender, oneshot};

use super::{
    Event, Observer, Planned, Settings,
    queue::{Halts, Message},
};
use crate::{
    fault::{self, Point},
    incremental::Filter,
    model::{Cursor, PageRequest, Traffic},
    retry::Retrier,
    source::{ErrorKind, Source, SourceError},
    state::Checkpoint,
};

/// What was fetched of one resource so far. It outlives the fetcher, which may be dropped at any page.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) pages: u64,
    pub(super) traffic: Traffic,
    pub(super) retries: u64,
    /// Records of people who were forgotten.
    pub(super) forgotten: u64,
    /// How many records the service says there are in all.
    pub(super) total: Option<u64>,
    pub(super) ended: Option<Result<(), SourceError>>,
}

/// Fetches resources from one source.
pub(super) struct Fetcher<'a, S> {
    pub(super) source: &'a S,
    pub(super) settings: &'a Settings,
    pub(super) observer: &'a dyn Observer,
    pub(super) pages: Sender<Message>,
    pub(super) halts: Halts,
}

/// The loader is gone, because the destination failed. It knows why.
struct LoaderGone;

impl<S: Source> Fetcher<'_, S> {
    /// Fetches one resource to its end. `progress` is kept up to date at each step.
    pub(super) async fn fetch(
        &self,
        index: usize,
        planned: &Planned,
        checkpoint: &Checkpoint,
        progress: &RefCell<Progress>,
    ) {
        self.observer.event(&Event::Started { resource: index, resumed: checkpoint.cursor.is_some() });
        let ended = match self.pages(index, planned, checkpoint, progress).await {
            Ok(ended) => ended,
            Err(LoaderGone) => return,
        };
        self.observer.event(&Event::Ended { resource: index, error: ended.as_ref().err() });
        let complete = ended.is_ok();
        progress.borrow_mut().ended = Some(ended);
        // A loader that is gone needs no word of the end.
        let _ = self.pages.send(Message::Ended { index, complete }).await;
    }

    async fn pages(
        &self,
        index: usize,
        planned: &Planned,
        checkpoint: &Checkpoint,
        progress: &RefCell<Progress>,
    ) -> Result<Result<(), SourceError>, LoaderGone> {
        let mut cursor = checkpoint.cursor.clone().map(Cursor);
        let mut state = checkpoint.state.clone();
        let range = planned.incremental.as_ref().map(Filter::range);
        // Whether the next page is wanted is only known once the loader has seen the one before.
        let asks_on = planned.incremental.as_ref().is_some_and(Filter::may_end_early);
        let mut retrier = Retrier::new(self.settings.retry);
        let mut restarted = false;
        while !self.halts.is_halted(index) {
            let (max_records, max_bytes) = self.settings.page_hints;
            let request = PageRequest {
                resource: planned.hints.resource.clone(),
                range: range.clone(),
                cursor: cursor.clone(),
                state: state.clone(),
                max_records,
                max_bytes,
            };
            match self.source.fetch_page(request).await {
                Ok(page) => {
                    fault::point(Point::PageFetched);
                    retrier.page_done();
                    let pages = {
                        let mut progress = progress.borrow_mut();
                        progress.pages += 1;
                        progress.traffic += page.traffic;
                        progress.total = page.total_hint.or(progress.total);
                        progress.pages
                    };
                    self.observer.event(&Event::Fetched { resource: index, total: page.total_hint });
                    let mut page = page;
                    let resource = &planned.hints.resource;
                    progress.borrow_mut().forgotten += self.settings.guard.leave_out(resource, &mut page);
                    let page = self.settings.guard.page(resource, page);
                    cursor.clone_from(&page.next);
                    if page.state.is_some() {
                        state.clone_from(&page.state);
                    }
                    let (answer, is_last) = oneshot::channel();
                    let asked = (asks_on && cursor.is_some()).then_some(answer);
                    let waits = asked.is_some();
                    self.pages.send(Message::Page { index, page, asked }).await.map_err(|_| LoaderGone)?;
                    if cursor.is_none() || (waits && is_last.await.map_err(|_| LoaderGone)?) {
                        return Ok(Ok(()));
                    }
                    if pages >= self.settings.pages {
                        return Ok(Err(page_limit(pages)));
                    }
                }
                Err(error) => {
                    progress.borrow_mut().traffic += error.traffic;
                    if error.kind == ErrorKind::CursorExpired && cursor.is_some() && !restarted {
                        restarted = true;
                        cursor = None;
                        self.observer.event(&Event::Restarted { resource: index });
                        self.pages.send(Message::Restarted { index }).await.map_err(|_| LoaderGone)?;
                        continue;
                    }
                    let shown = error.clone();
                    let wait = match retrier.after_failure(error) {
                        Ok(wait) => wait,
                        Err(error) => return Ok(Err(error)),
                    };
                    progress.borrow_mut().retries = retrier.retries();
                    self.observer.event(&Event::Retrying { resource: index, error: &shown, wait });
                    tokio::time::sleep(wait).await;
                }
            }
        }
        Ok(Ok(()))
    }
}

fn page_limit(pages: u64) -> SourceError {
    let mut error =
        SourceError::new(ErrorKind::Limit, format!("stopped after {pages} pages, the limit for a resource in one run"));
    error.hint = Some("run again to go on, or raise `pages` in `[source.limits]`".into());
    error
}
