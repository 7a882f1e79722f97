//! `check`: one cheap request that fails the way a run would.

use std::collections::BTreeMap;

use super::{
    args::PipelineArgs,
    exit_code,
    failure::{Failure, Outcome},
    incremental, plan, privacy, render,
    session::{Session, overrides},
};

/// Checks configuration, grants and credentials. Writes nothing.
pub(crate) async fn check(args: PipelineArgs) -> Outcome {
    let session = Session::open(&args.pipeline, &overrides(&args.changes)).await?;
    let source = session.source(&session.tokens(&BTreeMap::new())?)?;
    let listed = session.list(&source).await?;
    let selected = session.select(listed).await?;
    let hints = plan::hints(&selected, &session.config);
    for (hints, incremental) in hints.iter().zip(incremental::settings(&selected, &hints, &session.config)?) {
        let field = incremental.as_ref().map(|incremental| incremental.field.as_str());
        privacy::check(hints, field, &session.config)?;
    }
    if !source.check().await? {
        return Err(Failure::config("the component cannot check itself: it does not export `setup`", None));
    }
    let (config, count) = (&session.config, selected.len());
    render::data(&format!("{} is ready to load {count} resource(s) into {}\n", config.pipeline, config.destination()))?;
    Ok(exit_code::OK)
}
