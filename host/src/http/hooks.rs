//! Where `wasi:http` meets the way out: the hooks of one call.

use std::sync::Arc;

use http::{Request, Response};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::http::{egress::Egress, record::CallRecord};

/// The hooks of one call of a component. A refusal is an ordinary error code to the component, never a trap.
pub(crate) struct CallHooks {
    pub(crate) egress: Arc<Egress>,
    pub(crate) record: Arc<CallRecord>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for CallHooks {
    fn set_host_header(&mut self) -> bool {
        // The way out derives it from the authority that was judged.
        false
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
