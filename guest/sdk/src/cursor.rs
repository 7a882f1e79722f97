//! The opaque cursor: all that the next call must know, since the component remembers nothing.
//!
//! `v1.` and a JSON object. What was found out on the first page travels along, so that all pages are read alike.

use crate::{
    error::{Error, Kind, Result},
    json::{Json, Object, Path},
    paging::{Paginator, counter::Place, trail::Trail},
};

/// Format version, in front of the cursor. A format that 0.1 cannot read must have another one.
const VERSION: &str = "v1.";

/// The longest cursor that the contract allows.
const MAX_BYTES: usize = 64 * 1024;

/// Where the next page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Digest of the path that the resource is asked for at: a cursor of another channel is none of this one.
    pub from: u64,
    /// What to get: path and query at the origin of `base_url`, else a whole URL.
    pub to: String,
    /// Where the records are; none as long as no page has shown it.
    pub selector: Option<Path>,
    /// How the service pages.
    pub paginator: Paginator,
    /// Where a counter stands.
    pub place: Place,
    /// The requests that were made, when links or cursors are followed.
    pub trail: Option<Trail>,
}

impl Cursor {
    /// Writes the cursor.
    pub fn encode(&self) -> Result<String> {
        let mut object = Object::default();
        object.raw("from", self.from).text("to", &self.to);
        if let Some(selector) = &self.selector {
            object.text("selector", &selector.to_string());
        }
        object.raw("paginator", self.paginator.to_json()).raw("place", self.place.to_json());
        if let Some(trail) = &self.trail {
            object.raw("trail", trail.to_json());
        }
        let cursor = format!("{VERSION}{}", object.finish());
        if cursor.len() > MAX_BYTES {
            return Err(Error::invalid_response("the link or cursor in the answer is too long to be kept"));
        }
        Ok(cursor)
    }

    /// Reads a cursor that this release or an earlier one wrote for a resource at `from`.
    pub fn decode(text: &str, from: u64) -> Result<Self> {
        let expired =
            |reason: &str| Error::new(Kind::CursorExpired, format!("the cursor is no longer accepted: {reason}"));
        let json = text.strip_prefix(VERSION).ok_or_else(|| expired("it has another version than `v1`"))?;
        let cursor = Self::read(json).ok_or_else(|| expired("it cannot be read"))?;
        if cursor.from != from {
            return Err(expired("it belongs to another path"));
        }
        Ok(cursor)
    }

    fn read(json: &str) -> Option<Self> {
        let object = Json::parse(json).ok()?;
        let selector = object.member("selector").map(|path| path.string()?.parse().ok());
        Some(Self {
            from: object.member("from")?.count()?,
            to: object.member("to")?.string()?,
            selector: selector.map_or(Some(None), |path: Option<Path>| path.map(Some))?,
            paginator: Paginator::from_json(object.member("paginator")?)?,
            place: object.member("place").map_or_else(|| Some(Place::default()), Place::from_json)?,
            trail: object.member("trail").map_or(Some(None), |trail| Trail::from_json(trail).map(Some))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Segment;

    #[test]
    fn what_cannot_be_read_has_expired() {
        for text in ["", "v1.", "v2.{}", "{}", "v1.{}", "v1.[]", "v1.{\"from\":7}"] {
            assert_eq!(Cursor::decode(text, 7).unwrap_err().kind, Kind::CursorExpired, "{text}");
        }
    }

    /// A cursor as the first release wrote it: later ones must read it.
    #[test]
    fn the_first_format_is_read_for_good() {
        let text = r#"v1.{"from":7,"to":"/a/b?cursor=x","selector":"data","paginator":{"cursor":{"cursor_path":"next","cursor_param":"cursor","stop_after_empty_page":false,"has_more_path":null}},"place":{},"trail":{"recent":[1,2],"mark":2,"steps":2}}"#;
        let cursor = Cursor::decode(text, 7).unwrap();
        assert_eq!(cursor.encode().unwrap(), text);
        assert_eq!(
            Cursor::decode(text, 8).unwrap_err().message,
            "the cursor is no longer accepted: it belongs to another path"
        );
    }

    proptest! {
        #[test]
        fn written_and_read_again(to in ".{0,40}", key in ".{0,8}", from in any::<u64>(), at in any::<u64>(), before in any::<u64>()) {
            let cursor = Cursor {
                from,
                to,
                selector: Some(Path(vec![Segment::Key(key), Segment::All])),
                paginator: Paginator::SinglePage,
                place: Place { at, before, ..Place::default() },
                trail: None,
            };
            prop_assert_eq!(Cursor::decode(&cursor.encode().unwrap(), from), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_has_expired(text in ".{0,40}") {
            let _ = Cursor::decode(&format!("v1.{text}"), 0);
        }
    }
}
