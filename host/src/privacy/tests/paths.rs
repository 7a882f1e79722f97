//! What paths name, and what becomes of it: one record each.

use super::*;

/// `#a` in what is expected stands for the hash of `a`.
#[track_caller]
fn check(drop: &[&str], hash: &[&str], record: &str, expect: &str) {
    let guard = guard(drop, hash);
    let expect = expect.split('#').enumerate().map(|(part, text)| {
        let (value, rest) = if part == 0 { ("", text) } else { text.split_once('~').unwrap() };
        if part == 0 { rest.to_owned() } else { super::hash(value) + rest }
    });
    let expect: String = expect.collect();
    let (found, rejected) = records(&guard, record);
    assert_eq!((found.as_str(), rejected.len()), (expect.as_str(), 0), "{drop:?} {hash:?} {record}");
    assert_eq!(records(&guard, &found).0, expect, "a second time: {drop:?} {hash:?} {record}");
}

#[test]
fn members_are_dropped() {
    for (path, record, expect) in [
        ("a", r#"{"a":1,"b":2,"c":3}"#, r#"{"b":2,"c":3}"#),
        ("b", r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"c":3}"#),
        ("c", r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"b":2}"#),
        ("a", r#"{"a":1}"#, "{}"),
        ("a", r#"{ "a" : {"x":[1,"}"]} , "b" : 1.50 }"#, r#"{ "b" : 1.50 }"#),
        ("b", r#"{ "a" : 1e5 , "b" : 2 }"#, r#"{ "a" : 1e5 }"#),
        ("a", r#"{"a":1,"a":2,"b":3,"a":4}"#, r#"{"b":3}"#),
        ("$.a", r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
        ("a", r#"{"b":{"a":1}}"#, r#"{"b":{"a":1}}"#),
        ("a", r#"{"A":1," a":2}"#, r#"{"A":1," a":2}"#),
        ("phone", r#"{"ph\u006fne":1,"p":2}"#, r#"{"p":2}"#),
        ("é\"x", r#"{"\u00e9\"x":1,"p":2}"#, r#"{"p":2}"#),
        ("\"a.b\"", r#"{"a.b":1,"a":{"b":2}}"#, r#"{"a":{"b":2}}"#),
        ("['a[0]']", r#"{"a[0]":1,"a":[2]}"#, r#"{"a":[2]}"#),
        ("a.b", r#"{"a":{"b":1}}"#, r#"{"a":{}}"#),
        ("a.b", r#"{"a":{"c":1,"b":{"d":"e\\"},"f":"\"b\":"}}"#, r#"{"a":{"c":1,"f":"\"b\":"}}"#),
        ("a.b", r#"{"a":7,"b":1}"#, r#"{"a":7,"b":1}"#),
        ("a.b", r#"{"a":null}"#, r#"{"a":null}"#),
        ("*", r#"{"a":1,"b":2}"#, "{}"),
        ("*.b", r#"{"a":{"b":1},"b":2,"c":[{"b":3,"d":4}]}"#, r#"{"a":{},"b":2,"c":[{"d":4}]}"#),
        ("a.*.c", r#"{"a":{"x":{"c":1},"y":{"c":2,"d":3}}}"#, r#"{"a":{"x":{},"y":{"d":3}}}"#),
    ] {
        check(&[path], &[], record, expect);
    }
    check(&["a", "b", "c"], &[], r#"{"a":1,"b":2,"x":0,"c":3}"#, r#"{"x":0}"#);
    check(&["a", "b", "c"], &[], r#"{"a":1,"b":2,"c":3}"#, "{}");
    check(&["a.b", "a"], &[], r#"{"a":{"b":1,"c":2}}"#, "{}");
}

#[test]
fn lists_are_gone_into() {
    for (path, record, expect) in [
        // A name goes into lists by itself.
        (
            "m.text",
            r#"{"m":[{"text":"a","id":1},{"id":2},"text",[{"text":"b"}]]}"#,
            r#"{"m":[{"id":1},{"id":2},"text",[{}]]}"#,
        ),
        ("m[*].text", r#"{"m":[{"text":"a","id":1},{"id":2}]}"#, r#"{"m":[{"id":1},{"id":2}]}"#),
        ("m[1].text", r#"{"m":[{"text":"a"},{"text":"b"}]}"#, r#"{"m":[{"text":"a"},{}]}"#),
        // One element without its list, and a list written as an object with positions.
        ("m[*].text", r#"{"m":{"text":"a","id":1}}"#, r#"{"m":{"id":1}}"#),
        ("m[*].text", r#"{"m":{"0":{"text":"a"},"1":{"text":"b","id":2}}}"#, r#"{"m":{"0":{},"1":{"id":2}}}"#),
        ("m.text", r#"{"m":{"0":{"text":"a"},"x":{"text":"b"}}}"#, r#"{"m":{"0":{},"x":{"text":"b"}}}"#),
        // Whole items: all of them go, one leaves its place.
        ("m[*]", r#"{"m":[1,{"a":2}],"n":[1]}"#, r#"{"m":[],"n":[1]}"#),
        ("m[1]", r#"{"m":[1,{"a":2},3]}"#, r#"{"m":[1,null,3]}"#),
        ("m[0]", r#"{"m":[{"a":2}]}"#, r#"{"m":[null]}"#),
        ("m[5]", r#"{"m":[1]}"#, r#"{"m":[1]}"#),
        ("m[0]", r#"{"m":{"a":2}}"#, r#"{"m":{"a":2}}"#),
        ("m[*]", r#"{"m":"alone","n":1}"#, r#"{"n":1}"#),
        ("m[0][1]", r#"{"m":[[1,2],[3,4]]}"#, r#"{"m":[[1,null],[3,4]]}"#),
        ("m[*][0]", r#"{"m":[[1,2],[3,4]]}"#, r#"{"m":[[null,2],[null,4]]}"#),
        ("m", r#"{"m":[{"text":"a"}],"n":[]}"#, r#"{"n":[]}"#),
        // Scalars alone.
        ("m[scalar]", r#"{"m":"a"}"#, "{}"),
        ("m[scalar]", r#"{"m":{"id":1}}"#, r#"{"m":{"id":1}}"#),
        ("m[*][scalar]", r#"{"m":["a",{"id":1},2]}"#, r#"{"m":[null,{"id":1},null]}"#),
        // Records that are no objects are called `value`.
        ("value", "7", "{}"),
        ("value.a", r#"[{"a":1,"b":2}]"#, r#"[{"b":2}]"#),
        ("a", r#"[{"a":1,"b":2}]"#, r#"[{"b":2}]"#),
        ("[0]", "[1,2]", "[null,2]"),
        ("*", "7", "{}"),
    ] {
        check(&[path], &[], record, expect);
    }
}

#[test]
fn values_are_hashed() {
    for (path, record, expect) in [
        ("a", r#"{"a":"x","b":"x"}"#, "{\"a\":\"#x~\",\"b\":\"x\"}"),
        ("a", r#"{"a":312,"b":312}"#, "{\"a\":\"#312~\",\"b\":312}"),
        ("a", r#"{"a":"312"}"#, "{\"a\":\"#312~\"}"),
        ("a", r#"{"a":true}"#, "{\"a\":\"#true~\"}"),
        ("a", r#"{"a":-1.50e3}"#, "{\"a\":\"#-1.50e3~\"}"),
        ("a", r#"{"a":""}"#, "{\"a\":\"#~\"}"),
        ("a", r#"{"a":null}"#, r#"{"a":null}"#),
        ("a", r#"{"a":{}}"#, r#"{"a":{}}"#),
        // A text is what it stands for, however it is written.
        ("a", r#"{"a":"\u0078"}"#, "{\"a\":\"#x~\"}"),
        ("a", r#"{"a":"q\"\\"}"#, "{\"a\":\"#q\"\\~\"}"),
        ("a", r#"{"a":[1,"x",null,{"b":2}]}"#, "{\"a\":[\"#1~\",\"#x~\",null,{\"b\":\"#2~\"}]}"),
        ("a[0]", r#"{"a":[1,2]}"#, "{\"a\":[\"#1~\",2]}"),
        ("a.b", r#"{"a":[{"b":1},{"b":[2]}]}"#, "{\"a\":[{\"b\":\"#1~\"},{\"b\":[\"#2~\"]}]}"),
        ("a", r#"{"a":1,"a":2}"#, "{\"a\":\"#1~\",\"a\":\"#2~\"}"),
        ("a[scalar]", r#"{"a":{"b":1},"c":2}"#, r#"{"a":{"b":1},"c":2}"#),
        ("value", "7", "\"#7~\""),
    ] {
        check(&[], &[path], record, expect);
    }
    // What is dropped is dropped, even out of what is hashed.
    check(&["a.b"], &["a"], r#"{"a":{"b":1,"c":2}}"#, "{\"a\":{\"c\":\"#2~\"}}");
    check(&["a[*].b"], &["a.c"], r#"{"a":[{"b":1,"c":2}],"d":{"c":3}}"#, "{\"a\":[{\"c\":\"#2~\"}],\"d\":{\"c\":3}}");
}
