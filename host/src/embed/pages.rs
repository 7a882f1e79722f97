//! Pages of one resource, one after another.

use futures_util::stream::{self, Stream};

use super::{Embedded, Error};
use crate::{
    http::limits::LimitHit,
    model::{Cursor, Page, PageRequest, ResourceName},
    retry::Retrier,
    source::Source as _,
};

/// How much of a resource a page should be: what the program asks for.
const HINTS: (u32, u32) = (10_000, 8 << 20);

/// Where a stream of pages is.
struct Reading {
    next: Option<Cursor>,
    pages: u64,
    retrier: Retrier,
}

impl Embedded {
    /// The pages of a resource, from its beginning to its end. A page that fails for now is tried again, with waits between.
    ///
    /// # Errors
    /// [`Error::Name`] for a text that is no name. The stream ends after its first error.
    pub fn pages(&self, resource: &str) -> Result<impl Stream<Item = Result<Page, Error>> + '_, Error> {
        self.pages_from(resource, None)
    }

    /// The same from a cursor on: the `next` of the page before, from this process or another one.
    ///
    /// # Errors
    /// [`Error::Name`] for a text that is no name. The stream ends after its first error.
    pub fn pages_from(
        &self,
        resource: &str,
        cursor: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Page, Error>> + '_, Error> {
        let resource = ResourceName::new(resource)?;
        let start = Reading { next: cursor, pages: 0, retrier: Retrier::new(self.settings.retry) };
        Ok(stream::try_unfold(Some(start), move |reading| {
            let resource = resource.clone();
            async move {
                let Some(mut reading) = reading else { return Ok(None) };
                let limit = self.settings.limits.pages;
                reading.pages += 1;
                if reading.pages > limit {
                    let what = format!("the number of pages of `{resource}`");
                    return Err(Error::Limit(LimitHit::count("pages", what, reading.pages, limit)));
                }
                let page = self.page(&resource, &mut reading).await?;
                reading.next.clone_from(&page.next);
                let goes_on = reading.next.is_some();
                Ok(Some((page, goes_on.then_some(reading))))
            }
        }))
    }

    async fn page(&self, resource: &ResourceName, reading: &mut Reading) -> Result<Page, Error> {
        loop {
            let request = PageRequest {
                resource: resource.clone(),
                range: None,
                cursor: reading.next.clone(),
                state: None,
                max_records: HINTS.0,
                max_bytes: HINTS.1,
            };
            match self.source.fetch_page(request).await {
                Ok(page) => {
                    reading.retrier.page_done();
                    return Ok(page);
                }
                Err(error) => tokio::time::sleep(reading.retrier.after_failure(error)?).await,
            }
        }
    }
}
