//! Where `wasi:http` meets the way out: the hooks of one call.

use std::sync::Arc;

use http::{HeaderName, Request, Response, uri::Scheme};
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use crate::http::{
    egress::Egress,
    headers::is_forbidden,
    limits::LimitHit,
    record::{CallRecord, Denial},
};

/// Most bytes that a component writes at once to the body of a request. Two such pieces wait for the connection.
const BODY_CHUNK: usize = 64 * 1024;

/// The hooks of one call of a component. A refusal is an ordinary error code to the component, never a trap.
pub(crate) struct CallHooks {
    egress: Arc<Egress>,
    record: Arc<CallRecord>,
    /// Bodies of requests that were begun, sent or not.
    bodies: u64,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl CallHooks {
    pub(crate) fn new(egress: &Arc<Egress>, record: &Arc<CallRecord>) -> Self {
        Self { egress: Arc::clone(egress), record: Arc::clone(record), bodies: 0 }
    }
}

impl WasiHttpHooks for CallHooks {
    fn set_host_header(&mut self) -> bool {
        // The way out derives it from the authority that was judged.
        false
    }

    fn is_supported_scheme(&mut self, _: &Scheme) -> bool {
        // The way out judges it, and counts a refusal.
        true
    }

    /// Asked for each field that a component sets, and for none of a response: the way out took those out.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        let forbidden = is_forbidden(name);
        if forbidden {
            self.egress.deny(&self.record, Denial::Header(name.to_string()));
        }
        forbidden
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        // Asked once for each body. What is written waits in the host's memory for a request that may never be sent, so
        // there are no more bodies than requests.
        self.bodies += 1;
        let limit = u64::from(self.egress.limits().requests_per_page);
        if self.bodies > limit {
            self.record.limit(LimitHit::count(
                "requests_per_page",
                "the number of bodies of requests",
                self.bodies,
                limit,
            ));
            return 1;
        }
        BODY_CHUNK
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        let (egress, record) = (Arc::clone(&self.egress), Arc::clone(&self.record));
        Box::new(async move {
            let response = egress.send(record, request, options.unwrap_or_default()).await?;
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}
