//! Whole resources out of any answers.

use super::service::Answers;

/// An input is the settings of a resource on one line, and the answers of the service: see [`Answers::new`].
pub(crate) fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (settings, answers) = data.split_at(end);
    let Ok(settings) = str::from_utf8(settings) else { return };
    if let Some(service) = Answers::new(settings, answers.get(1..).unwrap_or_default()) {
        service.read(None);
    }
}
