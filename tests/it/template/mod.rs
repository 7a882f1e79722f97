//! The template of a component in Rust: a copy that is edited only where its comments say reads a service that nobody knows.

mod service;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use acceptance::places::{lasting, workspace};
use acceptance::project::Project;
use service::{KEY, Library};

/// What stands between the marks of `Cargo.toml`, in their order.
fn manifest() -> [String; 2] {
    let library = workspace().join("guest/sdk");
    ["name = \"city-library\"".to_owned(), format!("sluicegate-guest = {{ path = {:?} }}", library.to_str().unwrap())]
}

/// What stands between the marks of `src/lib.rs`, in their order.
const CODE: [&str; 6] = [
    r#"const ORIGINS: &'static [&'static str] = &["https://library.example"];"#,
    r#"const SETTINGS: &'static [Setting] = &[
        Setting::new("base_url", Kind::Url, "Where the library answers.").or("https://library.example/api"),
        Setting::new("card", Kind::Secret, "The number of a reader's card."),
    ];"#,
    r#"const CHECKED: &'static str = "branch";"#,
    r#"let source = Source::new(settings.url("base_url")?).secret_header("x-card", "", settings.secret("card")?);"#,
    r#"let resources = [
            source.resource("branch", "branch")?.about("The house itself.").single(Shape::OBJECT),
            source
                .resource("books", "books")?
                .about("What can be lent.")
                .records_at("found.books")
                .pages(Paginator::page_number("page", 1, Some("found.pages")))
                .merge_by(&["isbn"]),
            source.resource("loans", "loans")?.about("What is lent."),
        ];"#,
    r#"const SETTINGS: &str = r\#"{"card":"a-card-of-mine"}"\#;"#,
];

/// A text with other lines between its marks.
fn edited(text: &str, blocks: &[String]) -> String {
    let mut blocks = blocks.iter();
    let (mut out, mut skipping) = (String::new(), false);
    for line in text.lines() {
        let mark = line.trim().trim_start_matches(['/', '#']).trim();
        skipping &= mark != "END";
        if !skipping || line.trim().starts_with("//") {
            out += line;
            out.push('\n');
        }
        if mark.starts_with("EDIT:") {
            out += blocks.next().expect("a block for each mark");
            out.push('\n');
            skipping = true;
        }
    }
    assert!(blocks.next().is_none(), "a mark for each block");
    out
}

/// The component of an edited copy, built once.
fn component() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let template = workspace().join("guest/template");
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::copy(template.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        let code = CODE.map(|block| block.replace("\\#", "#"));
        for (file, blocks) in [("Cargo.toml", &manifest()[..]), ("src/lib.rs", &code)] {
            let text = std::fs::read_to_string(template.join(file)).unwrap();
            std::fs::write(folder.path().join(file), edited(&text, blocks)).unwrap();
        }
        let file = lasting("template").join("city-library.wasm");
        let build = workspace().join(".ci/component");
        let output = Command::new(build).arg(folder.path()).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        file
    })
}

fn project(library: &Library) -> Project {
    let project = Project::empty()
        .set("pipeline.name", "library")
        .set("pipeline.dataset", "library_data")
        .set("source.name", "library")
        .set("source.component", component().to_str().unwrap())
        .set("source.allow", vec![library.origin()])
        .set("source.allow_private", vec![library.host()])
        .set("source.config.base_url", format!("{}/api", library.origin()))
        .set("source.retry.attempts", 1)
        .set("destination.url", "duckdb:library.duckdb");
    std::fs::create_dir(project.path(".dlt")).unwrap();
    std::fs::write(project.path(".dlt/secrets.toml"), format!("[sources.library]\ncard = \"{KEY}\"\n")).unwrap();
    project
}

#[test]
fn an_edited_copy_of_the_template_is_a_source() {
    let library = Library::start();
    let project = project(&library);
    project.cli().arg("resources").run().code(0).stdout_has(&["branch", "books", "What can be lent.", "loans"]);
    project.cli().arg("check").run().code(0);
    let (output, report) = project.run_with_report();
    // The service refuses one of the three, and the others are loaded.
    output.code(3).stderr_has(&["loans", "your card is not for loans"]).lacks(KEY);
    report.loaded("branch", 1).loaded("books", 5).failed("loans", "auth", Some(403));
    assert_eq!(report.resource("books")["pages"], 3);
    let books = project.query("SELECT isbn, title, copies FROM library_data.books ORDER BY isbn");
    assert_eq!(books.len(), 5);
    assert_eq!(books[4], serde_json::json!({"isbn": 5, "title": "Book \"5\" é", "copies": 2.50}));
    // A key makes the second run a merge.
    project.run().run().code(3);
    assert_eq!(project.value("SELECT count(*) FROM library_data.books"), "5");
}

#[test]
fn the_template_is_built_as_it_is() {
    let file = lasting("template").join("my-source.wasm");
    let mut build = Command::new(workspace().join(".ci/component"));
    let output = build.arg(workspace().join("guest/template")).arg(&file).arg("--locked").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let project = Project::empty();
    let told = project.cli().args(["inspect", file.to_str().unwrap()]).run();
    told.code(0).stdout_has(&["my-source 0.1.0", "https://api.example.com", "api_token"]).lacks("wasi:cli");
}
