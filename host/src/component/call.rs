//! One call of a component: a fresh instance with an empty memory, watched, and its outcome judged.

use std::{sync::Arc, time::Instant};

use tokio::time::timeout;
use wasmtime::{Store, Trap, WasmBacktrace, component::Instance};
use wasmtime_wasi::I32Exit;

use crate::{
    component::{
        bindings::types,
        convert::{self, Broken},
        engine::STACK,
        limits::Limits,
        load::Component,
        meter::Meter,
        state::{MAX_PARTS, State, hostcall_fuel},
        stdio::Log,
        text::{Words, tame},
    },
    http::{
        egress::Egress,
        limits::LimitHit,
        record::{CallRecord, Denial, Notes},
    },
    model::Traffic,
    source::{ErrorKind, SourceError},
};

/// What all calls of one source have in common.
pub(super) struct Caller {
    pub(super) component: Component,
    pub(super) egress: Arc<Egress>,
    pub(super) limits: Limits,
    pub(super) log: Log,
    /// Whether the component's own words are told.
    pub(super) words: Words,
}

/// What a function of the contract gives: a trap, an error, or a value.
type Outcome<T> = wasmtime::Result<Result<T, types::Error>>;

impl Caller {
    /// Calls a function and takes what it returned. `name` is for messages.
    pub(super) async fn call<T, U>(
        &self,
        name: &str,
        function: impl AsyncFnOnce(&mut Store<State>, Instance) -> Outcome<T>,
        take: impl FnOnce(T) -> Result<U, Broken>,
    ) -> Result<(U, Traffic), SourceError> {
        self.call_with(self.words, name, function, take).await
    }

    /// The same, with the component's words told or not.
    pub(super) async fn call_with<T, U>(
        &self,
        words: Words,
        name: &str,
        function: impl AsyncFnOnce(&mut Store<State>, Instance) -> Outcome<T>,
        take: impl FnOnce(T) -> Result<U, Broken>,
    ) -> Result<(U, Traffic), SourceError> {
        let began = Instant::now();
        let record = Arc::new(CallRecord::default());
        let meter = Meter::new();
        let mut store = State::store(self, words, &record, &meter);
        let run = async {
            let instance = self.component.instance().instantiate_async(&mut store).await?;
            function(&mut store, instance).await
        };
        let outcome = timeout(self.limits.page_time, meter.measure(run)).await.unwrap_or_else(|_| {
            let hit = LimitHit::time("page_time", "the time of the call", began.elapsed(), self.limits.page_time);
            record.limit(hit.clone());
            Err(wasmtime::Error::new(hit))
        });
        drop(store);
        let notes = record.snapshot();
        let traffic = notes.traffic;
        let judged = match notes.limit {
            // Even of a page that looks whole: the component may have left out what it did not get.
            Some(hit) => Err(over(&hit)),
            None => match outcome {
                Ok(Ok(value)) => take(value).map_err(|broken| match broken {
                    Broken::Limit(hit) => over(&hit),
                    Broken::Contract(error) => error,
                }),
                Ok(Err(error)) => Err(explain(told(convert::error(error), words, &notes), &notes)),
                Err(error) => Err(self.trap(name, &error, &notes)),
            },
        };
        let hide = |text: String| self.egress.secrets.hide(&text);
        judged.map(|value| (value, traffic)).map_err(|error| SourceError {
            message: hide(error.message),
            hint: error.hint.map(hide),
            code: error.code.map(hide),
            traffic,
            ..error
        })
    }

    fn trap(&self, name: &str, error: &wasmtime::Error, notes: &Notes) -> SourceError {
        for line in format!("{error:?}").lines() {
            tracing::debug!("the component was stopped in `{name}`: {}", tame(line));
        }
        if let Some(hit) = self.limit_behind(error) {
            return over(&hit);
        }
        let reason = match (error.downcast_ref::<Trap>(), error.downcast_ref::<I32Exit>()) {
            (Some(trap), _) => trap.to_string(),
            (None, Some(exit)) => format!("it exited with status {}", exit.0),
            (None, None) => error.root_cause().to_string(),
        };
        let place = error
            .downcast_ref::<WasmBacktrace>()
            .and_then(|trace| trace.frames().first().and_then(|frame| frame.func_name()))
            .map_or_else(String::new, |function| format!(" at `{function}`"));
        let message = tame(&format!("the component was stopped in `{name}`{place}: {reason}"));
        let hint = "this is an error of the component: tell its author, with what `-vv` shows".to_owned();
        explain(SourceError { hint: Some(hint), ..SourceError::new(ErrorKind::Trap, message) }, notes)
    }

    /// The limit that the engine itself keeps and that a trap is about. It has no types for most of them.
    fn limit_behind(&self, error: &wasmtime::Error) -> Option<LimitHit> {
        if let Some(Trap::StackOverflow) = error.downcast_ref() {
            let limit = STACK as u64;
            return Some(LimitHit::bytes(None, "the stack of the component", limit + 1, limit));
        }
        let text = format!("{error:#}");
        if text.contains("fuel allocated for hostcalls has been exhausted") {
            let limit = self.limits.page_bytes;
            let what = "the size of what the component handed over at once";
            return Some(LimitHit::bytes("page_bytes", what, hostcall_fuel(&self.limits) as u64 + 1, limit));
        }
        if text.contains("store handle limit exceeded") || text.contains("resource table has no free keys") {
            let limit = u64::from(self.limits.handles);
            return Some(LimitHit::count("handles", "the number of handles of the component", limit + 1, limit));
        }
        let (_, part) = text.split_once("resource limit exceeded: ")?;
        let (part, count) = part.split_once(" count too high at ")?;
        let count: String = count.chars().take_while(char::is_ascii_digit).collect();
        let parts = match part {
            "memory" => "memories",
            "table" => "tables",
            _ => "instances",
        };
        let what = format!("the number of {parts} of the component");
        Some(LimitHit::count(None, what, count.parse().ok()?, MAX_PARTS as u64))
    }
}

/// The component's error as it may be told. What a service answered is in none that came before an answer.
fn told(error: SourceError, words: Words, notes: &Notes) -> SourceError {
    let is_told = match words {
        Words::Told => true,
        Words::WithheldOnceAnswered => notes.traffic.bytes == 0,
        Words::Withheld => false,
    };
    if is_told {
        return error;
    }
    let message = match error.http_status {
        Some(status) => {
            format!(
                "the service answered with the status {status}; what the component says of it is withheld, for [privacy] is set"
            )
        }
        None => {
            "what the component says is withheld, for [privacy] is set and it may quote what is not kept".to_owned()
        }
    };
    SourceError { message, code: None, ..error }
}

fn over(hit: &LimitHit) -> SourceError {
    SourceError { hint: Some(hit.hint()), ..SourceError::new(ErrorKind::Limit, hit.to_string()) }
}

/// Says the true reason of a failure where the host knows it better than the component.
fn explain(error: SourceError, notes: &Notes) -> SourceError {
    // A service that answered is another matter than a header field that it did not get.
    let told = |denial: &&Denial| !matches!(denial, Denial::Header(_)) || error.http_status.is_none();
    if let Some(denial) = notes.denial.as_ref().filter(told) {
        // A service that answered is another matter than the denial; else the component only repeats it.
        let message = match error.http_status {
            Some(_) => format!("{denial}; the component says: {}", error.message),
            None => denial.to_string(),
        };
        return SourceError { kind: ErrorKind::Denied, message, hint: denial.hint(), ..error };
    }
    if let Some(stalled) = &notes.stalled
        && !error.kind.is_retried()
    {
        return SourceError { kind: ErrorKind::Transient, message: format!("{stalled}: {}", error.message), ..error };
    }
    if let Some(certificate) = &notes.certificate {
        let hint = "name a PEM file with the root of its certificate as `ca_file` in [source]".to_owned();
        return SourceError { message: format!("{certificate}: {}", error.message), hint: Some(hint), ..error };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_as_far_as_they_may() {
        fn check(words: Words, bytes: u64, http_status: Option<u16>, expect: &str) {
            let notes = Notes { traffic: Traffic { bytes, ..Traffic::default() }, ..Notes::default() };
            let code = Some("of 555".to_owned());
            let given = SourceError { http_status, code, ..SourceError::new(ErrorKind::Auth, "555 is unknown") };
            let told = told(given, words, &notes);
            assert_eq!((told.kind, told.http_status), (ErrorKind::Auth, http_status));
            assert!(told.message.starts_with(expect), "{told}");
            assert_eq!(told.code.is_some(), expect.starts_with("555"));
        }
        check(Words::Told, 9, Some(401), "555 is unknown");
        check(Words::WithheldOnceAnswered, 0, None, "555 is unknown");
        check(Words::WithheldOnceAnswered, 9, Some(401), "the service answered with the status 401; what");
        check(Words::WithheldOnceAnswered, 9, None, "what the component says is withheld");
        check(Words::Withheld, 0, None, "what the component says is withheld");
    }
}
