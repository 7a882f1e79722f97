//! The rules of the contract, tried on a component: which hold, which do not, and which could not be tried.
//!
//! [`try_out`] asks a source what a pipeline would ask it, twice where the answer must be the same. [`try_errors`] has a
//! stand-in answer with what services fail with, and looks at what the component makes of it.

mod errors;
mod pages;
mod settings;

pub use errors::{shapes, try_errors};
pub use pages::try_out;
pub use settings::{Invented, invent};

/// What became of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// It holds, as far as it was tried.
    Pass,
    /// It is broken.
    Fail,
    /// It could not be tried, or is no rule for this component.
    NotApplicable,
    /// No rule: something to know.
    Info,
}

/// One rule, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, or what was seen.
    pub detail: String,
}

/// Every rule, in the order in which they are told, with what it asks for.
pub const RULES: [(&str, &str); 16] = [
    ("world", "it imports and exports what the contract names"),
    ("listing", "`list-resources` gives valid, unique names, and the same each time"),
    ("keys", "what is merged has a primary key, and records have its fields"),
    ("origins", "requests go to the origins that it asks for"),
    ("pages", "first pages come without a trap, and within the limits"),
    ("records", "records are JSON texts, a line each"),
    ("same-page", "the same page twice is the same page"),
    ("cursors", "pages lead on to others, and come to an end"),
    ("secrets", "no token of a secret is in records or messages"),
    ("auth", "401 and 403 are `auth`"),
    ("not-found", "404 is `not-found`"),
    ("rate-limited", "429 is `rate-limited`, with the wait that the service asks for"),
    ("transient", "500 and 503 are `transient`"),
    ("permanent", "400 is `permanent`"),
    ("invalid-response", "a body that is not what was promised is `invalid-response`"),
    ("size", "its size, and the time to its first answer"),
];

/// Findings in the order of [`RULES`]; of each rule the worst counts.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Notes what became of a rule. A failure stays, whatever comes after it.
    pub fn note(&mut self, rule: &'static str, verdict: Verdict, detail: impl Into<String>) {
        let weight = |verdict| match verdict {
            Verdict::NotApplicable => 0,
            Verdict::Info => 1,
            Verdict::Pass => 2,
            Verdict::Fail => 3,
        };
        let detail = detail.into();
        match self.0.iter_mut().find(|finding| finding.rule == rule) {
            Some(known) if weight(known.verdict) >= weight(verdict) => {}
            Some(known) => *known = Finding { rule, verdict, detail },
            None => self.0.push(Finding { rule, verdict, detail }),
        }
    }

    /// All rules; one that nobody came to was not tried.
    pub fn all(&self) -> Vec<Finding> {
        let of = |(rule, _): &(&'static str, &str)| {
            self.0.iter().find(|finding| finding.rule == *rule).cloned().unwrap_or(Finding {
                rule,
                verdict: Verdict::NotApplicable,
                detail: "it was not come to".to_owned(),
            })
        };
        RULES.iter().map(of).collect()
    }

    /// Whether a rule is broken.
    pub fn is_broken(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict == Verdict::Fail)
    }
}
