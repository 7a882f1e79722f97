//! The sandbox with components that behave and components that do not.

mod any_load;
mod any_surface;
mod programs;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use super::{fixture::Guest, *};
use crate::{
    http::allow::{AllowList, HostPort},
    model::{Cursor, Page, PageRequest, ResourceName},
    source::{ErrorKind, Source, SourceError},
};

/// One engine for all tests, as in a program.
pub(super) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(None).unwrap())
}

pub(super) fn options() -> LoadOptions {
    LoadOptions::from(&Limits::default())
}

pub(super) fn load_with(file: &[u8], options: &LoadOptions) -> Result<Component, LoadError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("guest.wasm");
    std::fs::write(&path, file).unwrap();
    Component::load(engine(), &path, options)
}

fn source(guest: &Guest, limits: Limits) -> ComponentSource {
    let component = load_with(&guest.build(), &options()).unwrap();
    ComponentSource::new(component, SourceOptions { config: "{}".into(), limits, ..SourceOptions::default() }).unwrap()
}

fn request() -> PageRequest {
    PageRequest {
        resource: ResourceName::new("status").unwrap(),
        range: None,
        cursor: Some(Cursor("c1".into())),
        state: Some("{}".into()),
        max_records: 100,
        max_bytes: 1000,
    }
}

fn fetch(guest: &Guest, limits: Limits) -> Result<Page, SourceError> {
    run(source(guest, limits).fetch_page(request()))
}

pub(super) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn cause(error: &LoadError) -> String {
    std::error::Error::source(error).map_or_else(String::new, ToString::to_string)
}

#[test]
fn a_component_is_loaded_and_told() {
    let file = Guest::new().build();
    let component = load_with(&file, &options()).unwrap();
    let info = component.info();
    assert_eq!(info.wit_package, "sluicegate:source@0.1.0");
    assert_eq!(info.size_bytes, file.len() as u64);
    assert_eq!(info.exports, ["sluicegate:source/source@0.1.0"]);
    assert!(!info.has_setup && !info.wants_sockets);
    let expected = LoadOptions { sha256: Some(format!("sha256:{}", info.digest.to_uppercase())), ..options() };
    assert!(load_with(&file, &expected).is_ok());
}

#[test]
fn later_patches_of_the_contract_are_served() {
    assert!(load_with(&Guest::new().version("0.1.7").build(), &options()).is_ok());
}

#[test]
fn unfit_files_are_refused() {
    fn check(file: &[u8], options: &LoadOptions, expect: &str) {
        let error = load_with(file, options).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("cannot load the component `"), "{error}");
        assert!(cause(&error).starts_with(expect), "{}", cause(&error));
    }
    let file = Guest::new().build();
    check(b"<html>", &options(), "it is a web page, not a WebAssembly component");
    check(&Guest::new().version("0.2.0").build(), &options(), "it exports `sluicegate:source/source@0.2.0`, and this");
    check(&file, &LoadOptions { sha256: Some("00".into()), ..options() }, "its digest is `");
    let tight = LoadOptions { max_size: 100, ..options() };
    check(&file, &tight, "the size of the file reached 101 bytes, more than the limit of 100 bytes");
    check(&file[..file.len() - 3], &options(), "it is damaged: ");
    let fake = br#"(component (instance $i) (export "sluicegate:source/source@0.1.0" (instance $i)))"#;
    check(&wat::parse_bytes(fake).unwrap(), &options(), "it does not fit the contract: ");
    let missing = Component::load(engine(), &PathBuf::from("/nowhere/x.wasm"), &options()).map(|_| ()).unwrap_err();
    assert!(matches!(missing.kind, LoadErrorKind::Read(_)));
}

#[test]
fn what_was_compiled_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = Guest::new().build();
    let path = dir.path().join("guest.wasm");
    std::fs::write(&path, file).unwrap();
    for _ in 0..2 {
        let engine = Engine::new(Some(&dir.path().join("cache"))).unwrap();
        assert!(Component::load(&engine, &path, &options()).is_ok());
    }
    assert!(dir.path().join("cache/components/modules").is_dir());
}

#[test]
fn pages_are_fetched() {
    let page = fetch(&Guest::new().page(b"{\"a\":1}\n{\"a\":2}\n", Some("c2")), Limits::default()).unwrap();
    assert_eq!(page.records, "{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(page.next, Some(Cursor("c2".into())));
    assert_eq!(page.state, None);
}

#[test]
fn resources_are_listed() {
    let source = source(&Guest::new().resources(&["status", "inbound_messages"]), Limits::default());
    let names: Vec<_> = run(source.resources()).unwrap().into_iter().map(|spec| spec.name.to_string()).collect();
    assert_eq!(names, ["status", "inbound_messages"]);
}

#[test]
fn a_wrong_resource_name_is_an_error_of_the_configuration() {
    let error = run(self::source(&Guest::new().resources(&["No"]), Limits::default()).resources()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
}

#[test]
fn setup_is_optional() {
    let without = source(&Guest::new(), Limits::default());
    assert!(!run(without.check()).unwrap());
    let with = load_with(&Guest::new().setup().build(), &options()).unwrap();
    assert!(with.info().has_setup);
    assert_eq!(run(with.describe(&Limits::default())).unwrap().unwrap().name, "");
    let source = ComponentSource::new(with, SourceOptions::default()).unwrap();
    assert!(run(source.check()).unwrap());
}

#[test]
fn errors_keep_their_kind_and_are_tamed() {
    fn check(case: u8, expect: ErrorKind) {
        let error = fetch(&Guest::new().error(case, "it \u{1b}[31mfailed", Some(429), Some(1500)), Limits::default());
        let error = error.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (expect, "it \\u{1b}[31mfailed"));
        assert_eq!((error.http_status, error.retry_after), (Some(429), Some(Duration::from_millis(1500))));
    }
    check(0, ErrorKind::Config);
    check(1, ErrorKind::Auth);
    check(2, ErrorKind::NotFound);
    check(3, ErrorKind::RateLimited);
    check(4, ErrorKind::Transient);
    check(5, ErrorKind::Permanent);
    check(6, ErrorKind::InvalidResponse);
    check(7, ErrorKind::CursorExpired);
}

fn check_failure(guest: &Guest, limits: Limits, kind: ErrorKind, message: &str, hint: &str) {
    let error = fetch(guest, limits).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.starts_with(message), "{error}");
    assert!(error.hint.as_deref().unwrap_or_default().starts_with(hint), "{:?}", error.hint);
}

#[test]
fn traps_are_told() {
    for (code, reason) in [
        ("unreachable", "the component was stopped in `fetch-page`"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "the component was stopped in `fetch-page`"),
        // An address outside of the memory.
        ("i32.const -8", "the component was stopped in `fetch-page`"),
    ] {
        let guest = Guest::new().fetch_page(code);
        check_failure(&guest, Limits::default(), ErrorKind::Trap, reason, "this is an error of the component");
    }
    let error = fetch(&Guest::new().fetch_page("unreachable"), Limits::default()).unwrap_err();
    assert!(error.message.ends_with("wasm `unreachable` instruction executed"), "{error}");
}

#[test]
fn an_endless_recursion_reaches_the_end_of_the_stack() {
    let guest = Guest::new().fetch_page("(call $self (i32.const 0))");
    let message = "the stack of the component reached 524289 bytes, more than the limit of 512KiB";
    check_failure(&guest, Limits::default(), ErrorKind::Limit, message, "this limit is fixed");
}

#[test]
fn an_endless_loop_reaches_the_limit_of_its_own_time() {
    let guest = Guest::new().fetch_page("(loop $l (br $l)) unreachable");
    let limits = Limits { page_cpu: Duration::from_millis(30), ..Limits::default() };
    check_failure(&guest, limits, ErrorKind::Limit, "the time that the component ran reached ", "raise `page_cpu`");
}

#[test]
fn an_endless_loop_does_not_stop_the_wall_clock() {
    let guest = Guest::new().fetch_page("(loop $l (br $l)) unreachable");
    let limits = Limits { page_time: Duration::from_millis(30), ..Limits::default() };
    check_failure(&guest, limits, ErrorKind::Limit, "the time of the call reached ", "raise `page_time`");
}

#[test]
fn memory_is_limited() {
    let grow = Guest::new().fetch_page("(drop (memory.grow (i32.const 100))) unreachable");
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    check_failure(&grow, limits, ErrorKind::Limit, "the memory of the component reached 6528KiB", "raise `memory`");
    let mut large = Guest::new();
    large.memory = 100;
    check_failure(&large, limits, ErrorKind::Limit, "the memory of the component reached 6400KiB", "raise `memory`");
}

#[test]
fn tables_are_memory() {
    let code = "(drop (table.grow $t (ref.null func) (i32.const 1000000))) unreachable";
    let grow = Guest::new().parts("(table $t 0 funcref)").fetch_page(code);
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    check_failure(
        &grow,
        limits,
        ErrorKind::Limit,
        "the memory of the component reached 8131072 bytes",
        "raise `memory`",
    );
    let large = Guest::new().parts("(table 1000000 funcref)");
    check_failure(&large, limits, ErrorKind::Limit, "the memory of the component reached ", "raise `memory`");
}

#[test]
fn parts_are_counted() {
    // One module may have 100; the one that ties imports to memories has another.
    let guest = Guest::new().request("a.example").parts(&"(table 0 funcref)".repeat(100));
    let message = "the number of tables of the component reached 101, more than the limit of 100";
    check_failure(&guest, Limits::default(), ErrorKind::Limit, message, "this limit is fixed");
}

#[test]
fn a_limit_ends_the_call_of_a_component_that_goes_on() {
    let guest = Guest::new().request("a.example").request("a.example").fetch_page("(loop $l (br $l)) unreachable");
    let limits = Limits { requests_per_page: 1, ..Limits::default() };
    // The time that the component may run is far away.
    check_failure(&guest, limits, ErrorKind::Limit, "the number of requests reached 2", "raise `requests_per_page`");
}

#[test]
fn pages_are_limited() {
    let page = Guest::new().page(&b"1\n".repeat(600), None);
    let limits = Limits { page_records: 599, ..Limits::default() };
    check_failure(
        &page,
        limits,
        ErrorKind::Limit,
        "the number of records of the page reached 600",
        "raise `page_records`",
    );
    let limits = Limits { page_bytes: 1199, ..Limits::default() };
    check_failure(&page, limits, ErrorKind::Limit, "the size of the page reached 1200 bytes", "raise `page_bytes`");
}

#[test]
fn a_page_beyond_all_measure_is_not_even_copied() {
    // A list of 60 MB in a memory of 64 MiB.
    let mut guest = Guest::new();
    guest.memory = 1024;
    let code = "(i32.store (i32.const 528) (i32.const 0)) (i32.store (i32.const 520) (i32.const 0))
                (i32.store (i32.const 524) (i32.const 60000000)) (i32.const 512)";
    let guest = guest.fetch_page(code);
    check_failure(
        &guest,
        Limits::default(),
        ErrorKind::Limit,
        "the size of what the component handed over at once reached 33554433 bytes, more than the limit of 16MiB",
        "raise `page_bytes`",
    );
}

#[test]
fn a_repeated_cursor_is_no_page() {
    let guest = Guest::new().page(b"1", Some("c1"));
    check_failure(&guest, Limits::default(), ErrorKind::InvalidResponse, "the component returned the cursor", "");
}

#[test]
fn calls_share_nothing_and_may_overlap() {
    // Counts its calls in its memory; a second call in the same memory would trap.
    let code = "(if (i32.load (i32.const 512)) (then unreachable)) (i32.store (i32.const 512) (i32.const 1))
                (i32.store (i32.const 600) (i32.const 0)) (i32.const 600)";
    let guest = Guest::new().fetch_page(code).build();
    // In a pool an instance gets the memory of another one, cleared.
    let pooled = Engine::pooled(None, Pool::of_pages(4, Limits::default().memory)).unwrap();
    for engine in [engine(), &pooled] {
        let component = Component::load_bytes(engine, Path::new("guest.wasm"), guest.clone(), &options()).unwrap();
        let options = SourceOptions { config: "{}".into(), ..SourceOptions::default() };
        let source = ComponentSource::new(component, options).unwrap();
        run(async {
            let calls = futures_util::future::join_all((0..20).map(|_| source.fetch_page(request()))).await;
            assert!(calls.iter().all(Result::is_ok));
            assert!(source.fetch_page(request()).await.is_ok());
        });
    }
}

fn granted(guest: &Guest, authority: &str, limits: Limits) -> Result<Page, SourceError> {
    let component = load_with(&guest.build(), &options()).unwrap();
    let options = SourceOptions {
        grants: AllowList::parse([format!("http://{authority}")]).unwrap(),
        allow_private: vec![HostPort::parse(authority).unwrap()],
        limits,
        ..SourceOptions::default()
    };
    run(ComponentSource::new(component, options).unwrap().fetch_page(request()))
}

/// A server whose queue takes connections and whose program never answers.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    (listener, authority)
}

#[test]
fn a_failure_after_a_denial_is_the_denial() {
    let guest = Guest::new().request("example.com").error(4, "it failed", None, None);
    let message = "a request to `http://example.com` was denied: the origin is not granted";
    let hint = "add \"http://example.com\" to `allow` in [source]";
    check_failure(&guest, Limits::default(), ErrorKind::Denied, message, hint);
    let guest = Guest::new().request("example.com").fetch_page("unreachable");
    check_failure(&guest, Limits::default(), ErrorKind::Denied, message, hint);
}

#[test]
fn a_component_that_copes_with_a_denial_is_fine() {
    let page = fetch(&Guest::new().request("example.com").page(b"1", None), Limits::default()).unwrap();
    assert_eq!((page.traffic.requests, page.traffic.denied), (0, 1));
}

#[test]
fn a_private_address_needs_a_grant_of_its_own() {
    let guest = Guest::new().request("127.0.0.1:1").error(4, "it failed", None, None);
    let component = load_with(&guest.build(), &options()).unwrap();
    let grants = AllowList::parse(["http://127.0.0.1:1"]).unwrap();
    let source = ComponentSource::new(component, SourceOptions { grants, ..SourceOptions::default() }).unwrap();
    let error = run(source.fetch_page(request())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(error.hint.unwrap(), "add \"127.0.0.1:1\" to `allow_private` in [source]");
    assert_eq!((error.traffic.requests, error.traffic.denied), (0, 1));
}

#[test]
fn a_silent_server_is_a_transient_failure_whatever_the_component_says() {
    let (_listener, authority) = silent();
    let guest = Guest::new().request(&authority).error(5, "it failed", None, None);
    let limits = Limits { idle: Duration::from_millis(30), ..Limits::default() };
    let error = granted(&guest, &authority, limits).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert_eq!(error.message, format!("`http://{authority}` was silent for 30ms: it failed"));
}

#[test]
fn waiting_costs_no_time_of_the_component() {
    let (_listener, authority) = silent();
    let guest = Guest::new().request(&authority).page(b"1", None);
    let limits = Limits { idle: Duration::from_millis(200), page_cpu: Duration::from_millis(150), ..Limits::default() };
    assert!(granted(&guest, &authority, limits).is_ok());
}

#[test]
fn a_reached_limit_ends_the_call_even_if_the_component_hides_it() {
    let (_listener, authority) = silent();
    let guest = Guest::new().request(&authority).request(&authority).page(b"1", None);
    let limits = Limits { idle: Duration::from_millis(10), requests_per_page: 1, ..Limits::default() };
    let error = granted(&guest, &authority, limits).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Limit, "the number of requests reached 2, more than the limit of 1",)
    );
}

#[test]
fn handles_are_limited() {
    let guest = Guest::new().hoard();
    let limits = Limits { handles: 100, ..Limits::default() };
    let message = "the number of handles of the component reached 101";
    check_failure(&guest, limits, ErrorKind::Limit, message, "raise `handles`");
}

#[test]
fn compiling_is_limited() {
    let hurry = LoadOptions { compile_time: Duration::ZERO, ..options() };
    let error = load_with(&Guest::new().build(), &hurry).map(|_| ()).unwrap_err();
    assert!(matches!(&error.kind, LoadErrorKind::Limit(hit) if hit.key == Some("compile_time")), "{}", cause(&error));
}
