//! A configuration out of a component's own schema: defaults, examples, and what is required by its type.

use serde_json::{Map, Value, json};

/// A configuration that was made up.
#[derive(Clone, Debug, Default)]
pub struct Invented {
    /// The settings, without secrets.
    pub config: Map<String, Value>,
    /// Keys of secrets.
    pub secrets: Vec<String>,
}

/// Makes a configuration up. What is optional and has neither default nor example is left out.
pub fn invent(schema: &Value) -> Invented {
    let mut invented = Invented::default();
    let required = |key: &str| schema["required"].as_array().is_some_and(|keys| keys.iter().any(|known| known == key));
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["writeOnly"] == Value::Bool(true) {
            invented.secrets.push(key.clone());
            continue;
        }
        let value = match (property.get("default"), &property["examples"][0]) {
            (Some(value), _) => value.clone(),
            (None, Value::Null) if !required(key) => continue,
            (None, Value::Null) => by_type(property),
            (None, _) if !required(key) => continue,
            (None, example) => example.clone(),
        };
        invented.config.insert(key.clone(), value);
    }
    invented
}

fn by_type(property: &Value) -> Value {
    if let Some(first) = property["enum"].get(0).or_else(|| property.get("const")) {
        return first.clone();
    }
    match property["type"].as_str().or_else(|| property["type"][0].as_str()) {
        Some("integer" | "number") => property.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => Value::Object(invent(property).config),
        Some("null") => Value::Null,
        _ => json!("example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_made_up() {
        let schema = json!({"required": ["a", "b", "c", "key", "d"], "properties": {
            "a": {"type": "string", "examples": ["x"]}, "b": {"type": "integer"}, "c": {"enum": ["one", "two"]},
            "d": {"type": "object", "required": ["e"], "properties": {"e": {"type": "boolean"}}},
            "key": {"type": "string", "writeOnly": true}, "f": {"default": 3}, "g": {"examples": [1]}, "h": {}}});
        let Invented { config, secrets } = invent(&schema);
        assert_eq!(Value::Object(config), json!({"a": "x", "b": 1, "c": "one", "d": {"e": false}, "f": 3}));
        assert_eq!(secrets, ["key"]);
    }
}
