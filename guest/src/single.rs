//! The status of the channel, an answer that is mostly no object.

use std::time::SystemTime;

use sluicegate_guest::{body::Body, json::Json};

/// The record of a status, as one line: `0` and `1` become an object, an object is taken as it is; none for anything else.
///
/// `0` covers "nobody is online" and "the channel was removed": that is all the service says.
pub fn status(body: &Body, now: SystemTime) -> Option<Vec<u8>> {
    // Plain RFC 3339, in UTC; what the service sent goes first.
    let checked_at = format!("\"checked_at\":\"{}\"", humantime::format_rfc3339_millis(now));
    match body.text().trim() {
        "0" => Some(format!("{{\"available\":false,\"value\":0,{checked_at}}}\n").into_bytes()),
        "1" => Some(format!("{{\"available\":true,\"value\":1,{checked_at}}}\n").into_bytes()),
        text => {
            let mut line = body.object_line()?;
            let members = Json::parse(text).ok()?.members();
            if !members.iter().any(|(key, _)| key == "checked_at") {
                let end = line.iter().rposition(|byte| *byte == b'}')?;
                let comma = if members.is_empty() { "" } else { "," };
                line.splice(end..end, format!("{comma}{checked_at}").into_bytes());
            }
            Some(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn statuses() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_250);
        let check = |input: &[u8], expect: Option<&str>| {
            let line = status(&Body::new(input.to_vec()), now).map(|line| String::from_utf8(line).unwrap());
            let expect = expect.map(|text| text.replace('@', "\"checked_at\":\"2026-01-01T00:00:00.250Z\"") + "\n");
            assert_eq!(line, expect, "{}", String::from_utf8_lossy(input));
        };
        check(b"0", Some("{\"available\":false,\"value\":0,@}"));
        check(b"1", Some("{\"available\":true,\"value\":1,@}"));
        check(b" 0\r\n", Some("{\"available\":false,\"value\":0,@}"));
        check(b"\xEF\xBB\xBF1", Some("{\"available\":true,\"value\":1,@}"));
        check(b"{\"status\":\"online\"}", Some("{\"status\":\"online\",@}"));
        check(b"{\n \"a\": {}\n}\n", Some("{  \"a\": {} ,@}"));
        check(b"{ }", Some("{ @}"));
        check(b"{\"checked_at\":1}", Some("{\"checked_at\":1}"));
        for input in ["maybe", "2", "01", "1.0", "true", "\"1\"", "[1]", "null", "", "<html>", "{\"a\":", "{} {}"] {
            check(input.as_bytes(), None);
        }
    }
}
