//! Whole programs in the sandbox: what they find of a world.

use super::*;

#[test]
fn a_whole_program_finds_an_empty_world() {
    let guest = Guest::new().program();
    let component = load_with(&guest.build(), &options()).unwrap();
    assert!(component.info().wants_sockets);
    let source = ComponentSource::new(component, SourceOptions::default()).unwrap();
    assert_eq!(run(source.fetch_page(request())).unwrap().records, "");
}

#[test]
fn a_program_that_exits_is_stopped() {
    let guest = Guest::new().program().fetch_page("(call $exit (i32.const 1)) unreachable");
    check_failure(&guest, Limits::default(), ErrorKind::Trap, "the component was stopped in `fetch-page`", "this is");
    let error = fetch(&guest, Limits::default()).unwrap_err();
    assert!(error.message.ends_with("it exited with status 1"), "{error}");
}
