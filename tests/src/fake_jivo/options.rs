//! How the stand-in presents itself: which contract, which channel, how many messages, which way of paging.

use clap::ValueEnum;

/// Whose description of the service is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Contract {
    /// The product brief's: five endpoints, pages of messages, errors as JSON.
    #[default]
    Brief,
    /// The service's own documentation: `status` answers a bare digit, errors are plain text, nothing else can be read.
    Documented,
}

/// How an answer says where the next page is. Names and defaults are those of dlt's paginators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Paging {
    /// A URL in the body, `pagination.next`.
    #[default]
    JsonLink,
    /// A `Link` header with `rel="next"`.
    HeaderLink,
    /// A cursor in the body, `cursors.next`, sent back as `cursor`.
    Cursor,
    /// A cursor in the header `next`, sent back as `cursor`.
    HeaderCursor,
    /// `total_pages` in the body; the page is asked for as `page`.
    PageNumber,
    /// `total` in the body; the page is asked for as `offset` and `limit`.
    Offset,
}

/// What a stand-in serves. The defaults are small enough for a test and still take several pages.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which contract is served.
    pub contract: Contract,
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// First path segment of the channel URL.
    pub random: String,
    /// Second path segment of the channel URL, the credential.
    pub public_id: String,
    /// Messages at `inbound_messages`.
    pub inbound: u64,
    /// Messages at `outbound_messages`.
    pub outbound: u64,
    /// Messages per page where the request names no `limit`.
    pub page_size: u64,
    /// How pages are linked.
    pub paging: Paging,
    /// Number of the first page with [`Paging::PageNumber`].
    pub first_page: u64,
    /// Body of `status`; one that starts with `{` is sent as JSON, any other as plain text.
    pub status: String,
    /// Serves HTTPS with a certificate of its own making.
    pub tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            contract: Contract::Brief,
            port: 0,
            random: "Zq3vKx81LmT0aRwe".to_owned(),
            public_id: "standin-public-id".to_owned(),
            inbound: 250,
            outbound: 180,
            page_size: 100,
            paging: Paging::JsonLink,
            first_page: 0,
            status: "1".to_owned(),
            tls: false,
        }
    }
}
