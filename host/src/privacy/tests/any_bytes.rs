//! What holds for any bytes and any rules; the fuzz target `privacy` checks the same.
//!
//! An input begins with lines of rules, `- path` for what is dropped and `# path` for what is hashed. The rest is a text.

use serde_json::Value;

use crate::{
    json_path::{JsonPath, Step},
    privacy::{
        Key,
        hash::Hasher,
        rewrite::{Rewriter, Root},
        rules::Rules,
    },
};

/// Panics when something named is left, or when a second time changes what the first one left.
pub(crate) fn check(data: &[u8]) {
    let (mut drop, mut hash) = (Vec::new(), Vec::new());
    let mut text = data;
    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
        let line = str::from_utf8(&text[..end]).unwrap_or_default();
        let (list, path) = match (line.strip_prefix("- "), line.strip_prefix("# ")) {
            (Some(path), _) => (&mut drop, path),
            (_, Some(path)) => (&mut hash, path),
            _ => break,
        };
        list.extend(path.parse::<JsonPath>().ok());
        text = &text[end + 1..];
    }
    let Ok(rules) = Rules::new(drop.clone(), hash.clone()) else { return };
    let hasher = Hasher::new(Key::of(&[7; 32]));
    for root in [Root::Record, Root::Body] {
        let rewrite = |text: &[u8]| {
            let mut rewriter = Rewriter::new(&rules, &hasher, text);
            let read = rewriter.text(0..text.len(), root);
            read.map(|()| rewriter.finish().unwrap_or_else(|| text.to_vec()))
        };
        let Ok(once) = rewrite(text) else { return };
        assert!(rewrite(&once).is_ok_and(|twice| twice == once), "{}", String::from_utf8_lossy(&once));
        // What only this program takes for JSON, its usual reader cannot judge.
        let Ok(value) = serde_json::from_slice::<Value>(&once) else { continue };
        let named = |path: &JsonPath, judge: &dyn Fn(&Value)| {
            if path.steps().iter().all(|step| matches!(step, Step::Key(_))) {
                each(&value, path.steps(), judge);
            }
        };
        for path in &drop {
            named(path, &|left| panic!("{path}: {left} is left"));
        }
        for path in &hash {
            named(path, &|found| is_hashed(found, &hasher));
        }
    }
}

/// Hands what names lead to to `judge`, through lists and what stands for lists.
fn each(value: &Value, steps: &[Step], judge: &dyn Fn(&Value)) {
    match (value, steps) {
        (value, []) => judge(value),
        (Value::Array(items), _) => items.iter().for_each(|item| each(item, steps, judge)),
        (Value::Object(members), [Step::Key(name), rest @ ..]) => {
            for (key, value) in members {
                if key == name {
                    each(value, rest, judge);
                }
                if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                    each(value, steps, judge);
                }
            }
        }
        _ => {}
    }
}

fn is_hashed(value: &Value, hasher: &Hasher) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| is_hashed(item, hasher)),
        Value::Object(members) => members.values().for_each(|member| is_hashed(member, hasher)),
        Value::String(text) => assert!(hasher.is_hash(text.as_bytes()), "{text}"),
        other => panic!("{other} is left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("privacy", check);
    }

    #[test]
    #[should_panic(expected = "555 is left")]
    fn what_is_left_is_seen() {
        is_hashed(&serde_json::json!({"a": [null, 555]}), &Hasher::new(Key::of(&[7; 32])));
    }
}
