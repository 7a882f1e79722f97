//! `forget`: a person goes, and stays away.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    args::ForgetArgs,
    exit_code,
    failure::{Failure, Outcome},
    hook::own_folder,
    privacy, render,
    session::{Session, overrides, sink_options},
};
use crate::{
    forget::{Events, Forget, Removal, Rows},
    privacy::people::{Asked, Forgotten, Marks},
    serve::inbox::{Inbox, InboxError},
    sink::{Alone, Sink},
};

/// Removes people, or takes that back.
pub(crate) async fn forget(args: &ForgetArgs) -> Outcome {
    let session = Session::open_for_events(&args.pipeline.pipeline, &overrides(&args.pipeline.changes)).await?;
    let config = &session.config;
    let tokens = session.tokens(&BTreeMap::new())?;
    let marks = session.marks(&tokens).await?.hashed_by(&privacy::guard(config)?);
    if marks.are_none() {
        let hint = "name the fields that hold it: `client = [\"sender.id\"]` in `[privacy]`".to_owned();
        let message =
            format!("the component `{}` does not say where records hold a client", config.component.display());
        return Err(Failure::config(message, Some(hint)));
    }
    // Neither a receiver nor another such call may be at the inbox.
    let _lock = Inbox::lock(&config.serve.inbox)?;
    let mut forgotten = Forgotten::open(&own_folder(config))?;
    let asked: Vec<Asked> = args.clients.iter().map(|text| Asked::read(text, marks.kinds())).collect();
    if args.lift {
        return lift(&mut forgotten, &asked, &marks);
    }
    let webhook = session.webhook(&tokens).await?;
    let mut inbox = match Inbox::open(&config.serve.inbox) {
        Ok(inbox) => Some(inbox),
        Err(InboxError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let events = inbox.as_mut().map(|inbox| Events { inbox, handler: webhook.as_ref() });
    let rows = if config.database.exists() {
        let alone = Alone::take(&config.database, config.lock_wait)?;
        let sink = Sink::open(sink_options(config), &mut render::waiting(&config.database))?;
        Some(Rows { alone, sink, memory: config.memory, lock_wait: config.lock_wait })
    } else {
        None
    };
    let forget = Forget { marks: &marks, asked: &asked, forgotten: &mut forgotten, events, rows };
    let removal = forget.run(&mut render::waiting(&config.database)).await?;
    tell(&removal, &config.destination())?;
    Ok(exit_code::OK)
}

fn lift(forgotten: &mut Forgotten, asked: &[Asked], marks: &Marks) -> Outcome {
    let mut text = String::new();
    for asked in asked {
        let was = forgotten.lift(asked, marks)?;
        let asked = render::harmless(&asked.to_string());
        let what = if was { "is no longer left out" } else { "was not forgotten" };
        let _ = writeln!(text, "`{asked}` {what}");
    }
    render::data(&text)?;
    Ok(exit_code::OK)
}

fn tell(removal: &Removal, destination: &str) -> Result<(), Failure> {
    let mut text = String::new();
    for (asked, signs) in &removal.found {
        let asked = render::harmless(&asked.to_string());
        if signs.is_empty() {
            let _ = writeln!(text, "nothing was found of `{asked}`; what comes of them is left out from now on");
        } else {
            let signs: Vec<String> = signs.iter().map(|sign| render::harmless(&sign.to_string())).collect();
            let _ = writeln!(text, "forgot `{asked}`, known as {}", signs.join(", "));
        }
    }
    let rows = render::count(removal.rows.values().sum(), "row");
    let events = render::count(removal.events.events, "event");
    let bytes = render::thousands(removal.events.bytes);
    let _ = writeln!(text, "removed {rows}, and {events} of {bytes} bytes from the inbox");
    for (table, rows) in &removal.rows {
        let _ = writeln!(text, "  {table}: {}", render::count(*rows, "row"));
    }
    if let Some(file) = &removal.file {
        let (before, after) = (render::thousands(file.before), render::thousands(file.after));
        let _ = writeln!(text, "wrote {destination} anew: {after} bytes, {before} before");
    }
    render::data(&text)?;
    for (asked, sign) in &removal.others {
        let (asked, sign) = (render::harmless(&asked.to_string()), render::harmless(&sign.to_string()));
        eprintln!(
            "warning: `{asked}` was forgotten before, and `{sign}` is not linked to that: nothing of it was removed"
        );
        eprintln!("hint: if it is the same person, call `forget` with `--client {sign}`");
    }
    Ok(())
}
