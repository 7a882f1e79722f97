//! This program, loading cases of the corpus: the stand-in serves each as a resource of its own.

use acceptance::cli::Output;
use acceptance::corpus::{Case, Load};
use acceptance::fake_jivo::{FakeJivo, Fault, Reply};
use acceptance::judge::Dataset;
use acceptance::project::{Project, Report};
use serde_json::Value;
use toml::Table;

/// A pipeline whose resources are cases.
pub(super) struct Ours {
    server: FakeJivo,
    project: Project,
    reports: Vec<Report>,
}

impl Ours {
    pub(super) fn new(cases: &[Case]) -> Self {
        let server = crate::server();
        let selection = [("data_selector".to_owned(), "$".into()), ("paginator".to_owned(), "single_page".into())];
        let resource = |case: &Case| (case.name.clone(), Table::from_iter(selection.clone()).into());
        // One load for each run, however slow the machine is.
        let project = Project::new(&server)
            .set("load.commit_every", "10m")
            .set("source.config.resources", cases.iter().map(resource).collect::<Table>());
        Self { server, project, reports: Vec::new() }
    }

    /// Runs the resources of the loads, with the hints that they have now.
    pub(super) fn load(&mut self, loads: &[Load]) -> Output {
        self.server.heal();
        for load in loads {
            self.server.fault(&load.resource, .., Fault::Answer(Reply::json(200, load.page())));
        }
        let hints = |load: &Load| (load.resource.clone(), load.hints.clone().into());
        self.project.change("resources", loads.iter().map(hints).collect::<Table>());
        let chosen = loads.iter().flat_map(|load| ["--resource", &load.resource]);
        let report = self.project.path("report.json");
        let output = self.project.run().args(chosen).arg("--report").arg(&report).run();
        self.reports.push(Report(serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()));
        output
    }

    /// What was told of a resource, and what was put aside, a line each.
    pub(super) fn told(&self, resource: &str) -> String {
        let (mut lines, mut rejected) = (Vec::new(), 0);
        for Report(report) in &self.reports {
            let resources = report["resources"].as_array().unwrap();
            let Some(report) = resources.iter().find(|report| report["name"] == resource) else { continue };
            for collision in report["collisions"].as_array().unwrap() {
                let [keys, column] = [&collision["keys"], &collision["column"]];
                lines.push(format!("told: {keys} want one name, the second is in {column}\n"));
            }
            rejected += report["rejected"].as_u64().unwrap();
            if report["truncated_timestamps"] != 0 {
                lines.push(format!("told: {} instants were cut\n", report["truncated_timestamps"]));
            }
        }
        if rejected > 0 {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let rows = self.project.query("FROM jivochat_data._rejected_records ORDER BY ALL");
            let rows = rows.iter().filter(|row| row["resource"] == resource);
            lines.extend(rows.map(|row| format!("rejected: {}: {}\n", text(&row["raw"]), text(&row["reason"]))));
        }
        lines.concat()
    }

    /// The dataset as dlt sees it.
    pub(super) fn dataset<T>(&self, see: impl FnOnce(Dataset<'_>) -> T) -> T {
        see(Dataset { file: &self.project.path("jivochat.duckdb"), work_dir: self.project.dir() })
    }
}
