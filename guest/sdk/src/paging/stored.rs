//! How paginators, places and trails are written into cursors, and read again by later releases.
//!
//! Written by hand: what a serialization library makes of so many types is a tenth of the whole component.

use super::{
    Paginator,
    counter::{Counter, Place},
    trail::Trail,
};
use crate::json::{Json, Object, Path, quoted};

impl Paginator {
    /// The paginator as JSON: its name, or an object with its name and its settings.
    pub fn to_json(&self) -> String {
        let mut settings = Object::default();
        let name = match self {
            Self::SinglePage => return quoted("single_page"),
            Self::JsonLink { next_url_path } => {
                settings.text("next_url_path", &next_url_path.to_string());
                "json_link"
            }
            Self::HeaderLink { links_next_key } => {
                settings.text("links_next_key", links_next_key);
                "header_link"
            }
            Self::HeaderCursor { cursor_key, cursor_param } => {
                settings.text("cursor_key", cursor_key).text("cursor_param", cursor_param);
                "header_cursor"
            }
            Self::Cursor { cursor_path, cursor_param, stop_after_empty_page, has_more_path } => {
                settings
                    .text("cursor_path", &cursor_path.to_string())
                    .text("cursor_param", cursor_param)
                    .raw("stop_after_empty_page", stop_after_empty_page)
                    .raw("has_more_path", path(has_more_path.as_ref()));
                "cursor"
            }
            Self::Offset(counter) => {
                counter.write(&mut settings);
                "offset"
            }
            Self::PageNumber(counter) => {
                counter.write(&mut settings);
                "page_number"
            }
        };
        Object::default().raw(name, settings.finish()).finish()
    }

    /// Reads what [`to_json`](Self::to_json) wrote; none of anything else.
    pub fn from_json(json: Json<'_>) -> Option<Self> {
        if json.string().as_deref() == Some("single_page") {
            return Some(Self::SinglePage);
        }
        let [(name, settings)] = &json.members()[..] else { return None };
        Some(match name.as_str() {
            "json_link" => Self::JsonLink { next_url_path: read_path(*settings, "next_url_path")? },
            "header_link" => Self::HeaderLink { links_next_key: settings.member("links_next_key")?.string()? },
            "header_cursor" => Self::HeaderCursor {
                cursor_key: settings.member("cursor_key")?.string()?,
                cursor_param: settings.member("cursor_param")?.string()?,
            },
            "cursor" => Self::Cursor {
                cursor_path: read_path(*settings, "cursor_path")?,
                cursor_param: settings.member("cursor_param")?.string()?,
                stop_after_empty_page: settings.member("stop_after_empty_page")?.boolean()?,
                has_more_path: optional(*settings, "has_more_path", read_path).ok()?,
            },
            "offset" => Self::Offset(Counter::read(*settings)?),
            "page_number" => Self::PageNumber(Counter::read(*settings)?),
            _ => return None,
        })
    }
}

impl Counter {
    fn write(&self, settings: &mut Object) {
        let limit = self.limit.as_ref().map(|(param, limit)| format!("[{},{limit}]", quoted(param)));
        settings
            .raw("records", self.records)
            .text("param", &self.param)
            .raw("start", self.start)
            .raw("base", self.base)
            .raw("guessed", self.guessed)
            .raw("limit", limit.as_deref().unwrap_or("null"))
            .raw("total_path", path(self.total_path.as_ref()))
            .raw("maximum", self.maximum.map_or_else(|| "null".to_owned(), |maximum| maximum.to_string()))
            .raw("stop_after_empty_page", self.stop_after_empty_page)
            .raw("has_more_path", path(self.has_more_path.as_ref()));
    }

    fn read(settings: Json<'_>) -> Option<Self> {
        let limit = |settings: Json<'_>, key: &str| match &settings.member(key)?.items()[..] {
            [param, limit] => Some((param.string()?, limit.count()?)),
            _ => None,
        };
        Some(Self {
            records: settings.member("records")?.boolean()?,
            param: settings.member("param")?.string()?,
            start: settings.member("start")?.count()?,
            base: settings.member("base")?.count()?,
            guessed: settings.member("guessed")?.boolean()?,
            limit: optional(settings, "limit", limit).ok()?,
            total_path: optional(settings, "total_path", read_path).ok()?,
            maximum: optional(settings, "maximum", |settings, key| settings.member(key)?.count()).ok()?,
            stop_after_empty_page: settings.member("stop_after_empty_page")?.boolean()?,
            has_more_path: optional(settings, "has_more_path", read_path).ok()?,
        })
    }
}

impl Place {
    /// The place as JSON; what has its usual value is left out. Only the first page is unnumbered, and it needs no cursor.
    pub fn to_json(&self) -> String {
        let mut place = Object::default();
        for (key, value) in [("at", self.at), ("base", self.base), ("step", self.step), ("before", self.before)] {
            if value != 0 {
                place.raw(key, value);
            }
        }
        if self.probing {
            place.raw("probing", true);
        }
        place.finish()
    }

    /// Reads what [`to_json`](Self::to_json) wrote; none of anything else.
    pub fn from_json(json: Json<'_>) -> Option<Self> {
        let number = |key: &str| json.member(key).map_or(Some(0), Json::count);
        Some(Self {
            at: number("at")?,
            base: number("base")?,
            step: number("step")?,
            before: number("before")?,
            unnumbered: false,
            probing: json.member("probing").map_or(Some(false), Json::boolean)?,
        })
    }
}

impl Trail {
    /// The trail as JSON.
    pub fn to_json(&self) -> String {
        let recent: Vec<String> = self.recent.iter().map(u64::to_string).collect();
        let recent = format!("[{}]", recent.join(","));
        Object::default().raw("recent", recent).raw("mark", self.mark).raw("steps", self.steps).finish()
    }

    /// Reads what [`to_json`](Self::to_json) wrote; none of anything else.
    pub fn from_json(json: Json<'_>) -> Option<Self> {
        Some(Self {
            recent: json.member("recent")?.items().into_iter().map(Json::count).collect::<Option<_>>()?,
            mark: json.member("mark")?.count()?,
            steps: json.member("steps")?.count()?,
        })
    }
}

/// A path as a JSON string; null when there is none.
fn path(path: Option<&Path>) -> String {
    path.map_or_else(|| "null".to_owned(), |path| quoted(&path.to_string()))
}

fn read_path(object: Json<'_>, key: &str) -> Option<Path> {
    object.member(key)?.string()?.parse().ok()
}

/// A member is there and cannot be read.
struct Unreadable;

/// A member that may be null or left out.
fn optional<T>(
    object: Json<'_>,
    key: &str,
    read: impl Fn(Json<'_>, &str) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    match object.member(key) {
        Some(value) if !value.is_null() => read(object, key).map(Some).ok_or(Unreadable),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counters() -> impl Strategy<Value = Counter> {
        let numbers = (any::<u64>(), any::<u64>(), any::<bool>(), any::<bool>(), any::<bool>());
        let options = (
            prop::option::of((".{0,4}", any::<u64>())),
            prop::option::of("[a-z]{1,4}"),
            prop::option::of(any::<u64>()),
            prop::option::of("[a-z]{1,4}"),
        );
        (numbers, options, ".{0,4}").prop_map(|((start, base, records, guessed, stop), options, param)| {
            let (limit, total_path, maximum, has_more_path) = options;
            let parse = |path: Option<String>| path.map(|path| path.parse().unwrap());
            Counter {
                records,
                param,
                start,
                base,
                guessed,
                limit,
                total_path: parse(total_path),
                maximum,
                stop_after_empty_page: stop,
                has_more_path: parse(has_more_path),
            }
        })
    }

    fn paginators() -> impl Strategy<Value = Paginator> {
        let path = || "[a-z]{1,4}".prop_map(|path| path.parse::<Path>().unwrap());
        prop_oneof![
            Just(Paginator::SinglePage),
            path().prop_map(|next_url_path| Paginator::JsonLink { next_url_path }),
            ".{0,4}".prop_map(|links_next_key| Paginator::HeaderLink { links_next_key }),
            (".{0,4}", ".{0,4}")
                .prop_map(|(cursor_key, cursor_param)| Paginator::HeaderCursor { cursor_key, cursor_param }),
            (path(), ".{0,4}", any::<bool>(), prop::option::of(path())).prop_map(
                |(cursor_path, cursor_param, stop_after_empty_page, has_more_path)| Paginator::Cursor {
                    cursor_path,
                    cursor_param,
                    stop_after_empty_page,
                    has_more_path
                }
            ),
            counters().prop_map(Paginator::Offset),
            counters().prop_map(Paginator::PageNumber),
        ]
    }

    proptest! {
        #[test]
        fn paginators_are_read_again(paginator in paginators()) {
            let json = paginator.to_json();
            prop_assert_eq!(Paginator::from_json(Json::parse(&json).unwrap()), Some(paginator));
        }

        #[test]
        fn trails_are_read_again(requests in prop::collection::vec("[a-c]{1,3}", 0..40)) {
            let mut trail = Trail::default();
            for request in &requests {
                let _ = trail.step(request);
            }
            let json = trail.to_json();
            prop_assert_eq!(Trail::from_json(Json::parse(&json).unwrap()), Some(trail));
        }
    }
}
