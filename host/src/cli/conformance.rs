//! `conformance`: which rules of the contract hold for a component.

use std::{collections::BTreeMap, time::Instant};

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::{
    args::{ConformanceArgs, StateFormat},
    exit_code,
    failure::{Failure, Outcome},
    render,
    session::{self, Session, overrides},
};
use crate::{
    component::{Component, ComponentSource, Limits, SourceOptions},
    conformance::{Findings, Invented, RULES, Verdict, invent, shapes, try_errors, try_out},
    http::{allow::AllowList, secrets::SecretGrant, stand_in::StandIn, token::new_token},
    secret::Secret,
    source::Source as _,
};

/// Pages of a resource of a real service that are enough.
const PAGES: usize = 100;

/// Pages of a resource after which there is no end to come: the service inside has the same few records in each answer.
const ENDLESS: usize = 50;

/// Runs the rules and prints which hold.
pub(crate) async fn conformance(args: ConformanceArgs) -> Outcome {
    let mut findings = Findings::default();
    let limits = Limits::default();
    match session::load_component(&args.component, None, &limits) {
        Ok(component) => {
            findings.note("world", Verdict::Pass, component.info().wit_package.clone());
            match &args.pipeline {
                Some(_) => by_pipeline(&args, &mut findings).await?,
                None => by_stand_in(&args, &component, &mut findings).await?,
            }
        }
        // A file that is none at all is nothing to judge.
        Err(failure) if !args.component.is_file() => return Err(failure),
        Err(failure) => {
            let detail = failure.error.as_ref().map(|error| error.root_cause().to_string()).unwrap_or_default();
            findings.note("world", Verdict::Fail, detail);
        }
    }
    print(&findings, args.format)?;
    if findings.is_broken() {
        let hint = "docs/cli.md says what each rule asks for; wit/ has the contract".to_owned();
        return Err(Failure::config("the component breaks the contract", Some(hint)));
    }
    Ok(exit_code::OK)
}

/// With the configuration, the grants and the service of a pipeline file.
async fn by_pipeline(args: &ConformanceArgs, findings: &mut Findings) -> Result<(), Failure> {
    let Some(pipeline) = &args.pipeline else { return Ok(()) };
    let session = Session::open_component(pipeline, &overrides(&args.changes), &args.component).await?;
    let tokens = session.tokens(&BTreeMap::new())?;
    let source = session.source(&tokens)?;
    let began = Instant::now();
    let tokens: Vec<String> = tokens.into_values().collect();
    if let Err(error) = source.resources().await {
        findings.note("listing", Verdict::Fail, error.message);
        return Ok(());
    }
    size(&session.component, began, findings);
    try_out(&source, &tokens, (PAGES, false), findings).await?;
    for rule in ["auth", "not-found", "rate-limited", "transient", "permanent", "invalid-response"] {
        findings.note(rule, Verdict::NotApplicable, "a real service is not asked to fail: try it without a pipeline");
    }
    Ok(())
}

/// With a configuration that is made up and a service that is not there.
async fn by_stand_in(args: &ConformanceArgs, component: &Component, findings: &mut Findings) -> Result<(), Failure> {
    let limits = Limits::default();
    let began = Instant::now();
    let description = match component.describe(&limits).await {
        Ok(description) => description,
        Err(error) => {
            findings.note("pages", Verdict::Fail, error.message);
            return Ok(());
        }
    };
    let schema: Value =
        description.as_ref().and_then(|found| serde_json::from_str(&found.config_schema).ok()).unwrap_or_default();
    let Invented { mut config, secrets: keys } = invent(&schema);
    config.extend(
        args.changes
            .set
            .iter()
            .map(|(key, value)| (key.clone(), serde_json::from_str(value).unwrap_or_else(|_| json!(value)))),
    );
    let asked: Vec<String> = description.map(|found| found.origins).unwrap_or_default();
    let wrong = |error| Failure::with_code(exit_code::CONFIG, anyhow::Error::new(error));
    let grants = AllowList::parse(asked.iter().chain(&args.changes.allow)).map_err(wrong)?;
    let (mut secrets, mut tokens) = (Vec::new(), Vec::new());
    for key in keys {
        let token = new_token().map_err(|error| anyhow::anyhow!("cannot get random bytes: {error}"))?;
        config.insert(key.clone(), Value::String(token.clone()));
        let value = Secret::new(format!("conformance-value-of-{key}"));
        secrets.push(SecretGrant { token: token.clone(), value, origins: grants.clone(), exposed: false });
        tokens.push(token);
    }
    let options = SourceOptions {
        config: Value::Object(config).to_string(),
        grants,
        secrets,
        limits,
        ..SourceOptions::default()
    };
    let source = |stand_in: StandIn| {
        ComponentSource::answered_by(component.clone(), options.clone(), stand_in).map_err(anyhow::Error::from)
    };
    let [first, ..] = shapes();
    let listed = match source(first)?.resources().await {
        Ok(listed) => listed,
        Err(error) => {
            findings.note("listing", Verdict::Fail, error.message);
            return Ok(());
        }
    };
    size(component, began, findings);
    for shape in shapes() {
        try_out(&source(shape)?, &tokens, (ENDLESS, true), findings).await?;
    }
    if let Some(spec) = listed.first() {
        try_errors(source, spec, &tokens, findings).await?;
    }
    Ok(())
}

fn size(component: &Component, began: Instant, findings: &mut Findings) {
    let detail = format!("{} bytes, {} ms", component.info().size_bytes, began.elapsed().as_millis());
    findings.note("size", Verdict::Info, detail);
}

fn print(findings: &Findings, format: StateFormat) -> Result<(), Failure> {
    let all = findings.all();
    if format == StateFormat::Json {
        let text = serde_json::to_string(&json!({"holds": !findings.is_broken(), "rules": all}))
            .map_err(anyhow::Error::from)?;
        return render::data(&format!("{text}\n"));
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["rule", "", "asks that", "seen"]);
    for (finding, (rule, asks)) in all.iter().zip(RULES) {
        let verdict = match finding.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::NotApplicable => "n/a",
            Verdict::Info => "",
        };
        table.add_row([rule.to_owned(), verdict.to_owned(), asks.to_owned(), render::harmless(&finding.detail)]);
    }
    render::data(&format!("{}\n", table.trim_fmt()))
}
