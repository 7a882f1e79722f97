//! Invented messages, made from their number alone: the same number is the same message, in whichever page it comes.
//!
//! The JSON is written by hand into a buffer, so that serving 200,000 messages costs the stand-in little beside the
//! client that is measured. People, addresses and texts are made up; domains are the reserved example ones.

use super::clock;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the visitor to the agent.
    Inbound,
    /// From the agent to the visitor.
    Outbound,
}

/// First second of the message times, 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

/// Texts as JSON strings, already escaped: emoji, Cyrillic, quotes, line feeds, right-to-left and an empty one.
const TEXTS: [&str; 11] = [
    r#""Is the blue one in stock?""#,
    r#""Здравствуйте! Когда придёт мой заказ?""#,
    r#""Thanks, that helped a lot 🙏🎉""#,
    r#""The box says \"fragile\", and it was open.\nWhat now?""#,
    r#""お問い合わせの件、確認をお願いします""#,
    r#""""#,
    r#""שלום, אפשר לשנות כתובת למשלוח?""#,
    r#""Price with C:\\discount is 10% lower; see <b>cart</b> & confirm""#,
    r#""Å få pakken til Bodø før fredag – går det? 👩‍👩‍👧""#,
    r#""Two left.""#,
    r#""Перезвоните, пожалуйста, после 18:00 ☎️""#,
];

/// Invented visitors: name (a JSON value), mail (a JSON value), city, country, latitude, longitude.
const VISITORS: [[&str; 6]; 6] = [
    [r#""Vera Lind""#, r#""vera@example.org""#, "Bodø", "NO", "67.2804", "14.4049"],
    [r#""Пётр Заречный""#, r#""petr@example.net""#, "Тверь", "RU", "56.8587", "35.9176"],
    [r#""Ib Ro""#, "null", "Ribe", "DK", "55.3284", "8.7619"],
    ["null", "null", "Quito", "EC", "-0.1807", "-78.4678"],
    [r#""Amina O'Dell""#, r#""amina@example.com""#, "Cork", "IE", "51.8985", "-8.4756"],
    [r#""山本 さくら""#, r#""sakura@example.org""#, "奈良", "JP", "34.6851", "135.8048"],
];

/// Invented agents: id, name.
const AGENTS: [[&str; 2]; 3] = [["7", "Omar"], ["8", "Lidia"], ["12", "Noé"]];

/// Pages the visitors write from: path, title.
const PAGES: [[&str; 2]; 4] =
    [["cart", "Cart"], ["returns", "Returns & refunds"], ["catalog/shoes", "Shoes"], ["contact", "Contact 📮"]];

/// Appends message number `index` (from 0) as one JSON object.
///
/// From `late_from` on, messages carry two fields that earlier ones do not have: `rating` and, inside `page`, `referrer`.
pub fn write_message(out: &mut Vec<u8>, direction: Direction, index: u64, late_from: u64) {
    let (prefix, kind) = match direction {
        Direction::Inbound => ("in-", "visitor"),
        Direction::Outbound => ("out-", "agent"),
    };
    let seconds = seconds_of(index);
    text(out, r#"{"id":""#);
    text(out, prefix);
    padded(out, index + 1, 7);
    text(out, r#"","sequence":"#);
    number(out, index + 1);
    text(out, r#","channel_id":"90017","chat_id":"#);
    number(out, 55_120 + index / 6);
    text(out, r#","direction":""#);
    text(out, kind);
    text(out, r#"","type":""#);
    text(out, if index.is_multiple_of(3) { "text" } else { "document" });
    text(out, r#"","text":"#);
    let sample: &str = pick::<&str>(&TEXTS, index);
    text(out, sample);
    text(out, r#","created_at":""#);
    clock::write_iso(out, seconds, index % 1000);
    text(out, r#"","timestamp":"#);
    number(out, seconds);
    text(out, r#","score":0."#);
    padded(out, (index * 37) % 1000, 3);
    text(out, r#"5,"is_read":"#);
    text(out, if index.is_multiple_of(4) { "false" } else { "true" });
    if index >= late_from {
        text(out, r#","rating":"#);
        number(out, index % 5 + 1);
    }
    write_visitor(out, index);
    write_agent(out, direction, index);
    write_page(out, index, late_from);
    write_attachments(out, index, prefix);
    text(out, "}");
}

/// When message number `index` was made, in seconds since 1970.
fn seconds_of(index: u64) -> u64 {
    EPOCH + index * 7
}

/// When message number `index` was made, in milliseconds since 1970. It grows with the number.
pub(super) fn created_at_ms(index: u64) -> i64 {
    i64::try_from(seconds_of(index) * 1000 + index % 1000).unwrap_or(i64::MAX)
}

fn write_visitor(out: &mut Vec<u8>, index: u64) {
    let [name, email, city, country, latitude, longitude] = pick(&VISITORS, index / 6);
    text(out, r#","visitor":{"number":"#);
    number(out, 300 + index / 6);
    text(out, r#","name":"#);
    text(out, name);
    text(out, r#","email":"#);
    text(out, email);
    text(out, r#","phone":null,"geoip":{"city":""#);
    text(out, city);
    text(out, r#"","country_code":""#);
    text(out, country);
    text(out, r#"","latitude":"#);
    text(out, latitude);
    text(out, r#","longitude":"#);
    text(out, longitude);
    text(out, "}}");
}

fn write_agent(out: &mut Vec<u8>, direction: Direction, index: u64) {
    text(out, r#","agent":"#);
    if direction == Direction::Inbound && index.is_multiple_of(5) {
        text(out, "null");
        return;
    }
    let [id, name] = pick(&AGENTS, index / 6);
    text(out, r#"{"id":"#);
    text(out, id);
    text(out, r#","name":""#);
    text(out, name);
    text(out, r#""}"#);
}

fn write_page(out: &mut Vec<u8>, index: u64, late_from: u64) {
    let [path, title] = pick(&PAGES, index / 2);
    text(out, r#","page":{"url":"https://shop.example/"#);
    text(out, path);
    text(out, r#"","title":""#);
    text(out, title);
    if index >= late_from {
        text(out, r#"","referrer":"https://search.example/"#);
    }
    text(out, r#""}"#);
}

/// Writes none, one or two attachments, one on average; every fourth message's have previews, a list within the list.
fn write_attachments(out: &mut Vec<u8>, index: u64, prefix: &str) {
    text(out, r#","attachments":["#);
    for position in 0..attachment_count(index) {
        if position > 0 {
            text(out, ",");
        }
        text(out, r#"{"file_name":""#);
        text(out, prefix);
        number(out, index + 1);
        text(out, if position == 0 { ".jpg" } else { " (копия).pdf" });
        text(out, r#"","file_size":"#);
        number(out, 1024 + (index * 7919) % 900_000);
        text(out, r#","mime_type":""#);
        text(out, if position == 0 { "image/jpeg" } else { "application/pdf" });
        text(out, r#"","file":"https://files.example/m/"#);
        number(out, index + 1);
        text(out, "\"");
        if has_previews(index) {
            text(out, r#","previews":[{"width":64,"height":48},{"width":320,"height":240}]"#);
        }
        text(out, "}");
    }
    text(out, "]");
}

/// How many attachments message number `index` has.
pub fn attachment_count(index: u64) -> u64 {
    index % 3
}

/// Whether the attachments of message number `index` have two previews each.
pub fn has_previews(index: u64) -> bool {
    index % 4 == 1
}

fn pick<T>(values: &[T], index: u64) -> &T {
    let length = u64::try_from(values.len()).unwrap_or(u64::MAX);
    &values[usize::try_from(index % length).unwrap_or(0)]
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn number(out: &mut Vec<u8>, value: u64) {
    padded(out, value, 1);
}

/// Appends `value` in decimal with at least `width` digits. Formatting with `write!` would cost more than all the rest.
pub(super) fn padded(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    at = at.min(digits.len() - width.min(digits.len()));
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn message(direction: Direction, index: u64, late_from: u64) -> Value {
        let mut out = Vec::new();
        write_message(&mut out, direction, index, late_from);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn each_message_is_json_and_has_its_own_id() {
        let mut ids = std::collections::HashSet::new();
        for index in 0..500 {
            for direction in [Direction::Inbound, Direction::Outbound] {
                let message = message(direction, index, 200);
                assert!(ids.insert(message["id"].as_str().unwrap().to_owned()));
                assert_eq!(message.get("rating").is_some(), index >= 200);
                assert_eq!(
                    message["attachments"].as_array().unwrap().len(),
                    usize::try_from(attachment_count(index)).unwrap()
                );
            }
        }
    }

    #[test]
    fn a_message_is_about_600_bytes() {
        let mut out = Vec::new();
        for index in 0..1000 {
            write_message(&mut out, Direction::Inbound, index, 0);
        }
        assert!((500_000..750_000).contains(&out.len()), "1000 messages take {} bytes", out.len());
    }

    #[test]
    fn times_agree() {
        let message = message(Direction::Inbound, 12_345, 0);
        assert_eq!(message["created_at"], "2026-01-02T00:00:15.345Z");
        assert_eq!(message["timestamp"], EPOCH + 12_345 * 7);
    }
}
