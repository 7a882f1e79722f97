//! Components that are after a secret.

use std::path::{Path, PathBuf};

use acceptance::fake_jivo::{Fault, Options, Reply};
use base64::Engine as _;

use super::{Attack, programs};
use crate::{server, start};

/// A secret with capital letters, small ones, and what has to be encoded in a path and in JSON.
const SECRET: &str = "Kq7/zX+v~9w=Lm 3\"R";

/// The spellings that the service sends the secret back in; all of them are looked for in everything that there is.
fn spellings() -> Vec<String> {
    let percent = |upper: bool, all: bool| -> String {
        let encode = |byte: u8| match byte {
            _ if !all && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) => char::from(byte).to_string(),
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        };
        SECRET.bytes().map(encode).collect()
    };
    let json = serde_json::to_string(SECRET).unwrap().trim_matches('"').to_owned();
    let escaped = |upper: bool| -> String {
        SECRET.bytes().map(|byte| if upper { format!("\\u{byte:04X}") } else { format!("\\u{byte:04x}") }).collect()
    };
    vec![
        SECRET.to_owned(),
        json.clone(),
        json.replace('/', "\\/"),
        escaped(false),
        escaped(true),
        percent(true, false),
        percent(false, false),
        percent(true, true),
        percent(false, false).replace("%20", "+"),
    ]
}

/// An answer that holds the secret in its head and its body, in each spelling.
fn echo(origin: &str) -> Reply {
    let spellings = spellings();
    let mut body = format!("{{\"next\":\"{origin}/r/{}/page?after={}\",\"echo\":[", spellings[5], spellings[6]);
    // Those that are fine within a JSON text; the others are in fields of the head.
    let texts: Vec<String> = spellings[1..].iter().map(|text| format!("\"{text}\"")).collect();
    body.push_str(&texts.join(","));
    body.push_str("]}");
    let mut reply = Reply::json(200, body)
        .header("location", format!("{origin}/r/{}/", spellings[5]))
        .header("link", format!("<{origin}/r/{}?page=2>; rel=\"next\"", spellings[7]));
    for (index, spelling) in spellings.iter().enumerate() {
        reply = reply.header(&format!("x-echo-{index}"), format!("key {spelling}"));
    }
    reply
}

#[track_caller]
fn assert_lacks(place: &str, bytes: &[u8]) {
    for spelling in spellings() {
        let found = bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes());
        assert!(!found, "the secret is in {place}, written as {spelling}");
    }
    // No spelling is complete without this part of it, so this finds those that were not thought of, too.
    let found = bytes.windows(4).any(|window| window.eq_ignore_ascii_case(b"Kq7/"));
    assert!(!found, "the beginning of the secret is in {place}");
}

/// All files below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A pipeline whose secret, under the key `key`, is bound to a server.
fn with_secret(attack: Attack, secret: &str) -> Attack {
    std::fs::write(attack.project.path("secret.txt"), secret).unwrap();
    attack.set("source.secrets.key", "file:secret.txt")
}

#[test]
fn its_own_memory() {
    let server = start(Options { public_id: "channel".into(), ..Options::default() });
    server.fault("echo", .., Fault::Answer(echo(&server.origin())));
    let path = format!("/{}/channel/echo", server.options().random);
    let attack = with_secret(Attack::new(&programs::RETURNS_ITS_MEMORY).grant(&server), SECRET)
        .set("source.config.path", path)
        // A user who is not careful writes it here, too.
        .set("source.config.careless", format!("https://user:{SECRET}@a.example"));
    let cache = attack.project.path("cache");
    let output = attack.cli().args(["-vv", "--progress", "log"]).env("SLUICEGATE_CACHE_DIR", &cache).run();
    output.code(0).stderr_has(&["/channel/echo: 200 OK"]);
    let sent = server.requests_to("echo").remove(0);
    assert_eq!(sent.headers["authorization"], format!("Bearer {SECRET}"), "it was not even sent");

    assert_lacks("stdout", output.stdout.as_bytes());
    assert_lacks("stderr", output.stderr.as_bytes());
    for path in files(attack.project.dir()) {
        let secret_s_own = path.ends_with("secret.txt") || path.ends_with("sluicegate.toml");
        if !secret_s_own {
            assert_lacks(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
    assert!(files(&cache).iter().any(|path| path.to_string_lossy().contains("modules")), "nothing was cached");
    assert!(attack.project.path("report.json").exists());

    let rows = attack.project.query("SELECT * FROM jivochat_data.attack WHERE memory IS NOT NULL");
    let digits = rows[0]["memory"].as_str().unwrap();
    let memory: Vec<u8> =
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert_lacks("the component's memory", &memory);
    // What it did get is the token, so this is its memory.
    let text = String::from_utf8_lossy(&memory);
    assert!(text.matches("sgt-").count() > 10 && text.contains("\"echo\":["), "this is not the memory");
}

#[test]
fn a_token_sent_elsewhere() {
    let (server, other) = (server(), server());
    let attack = with_secret(Attack::new(&programs::TOKEN_ELSEWHERE).grant(&server), SECRET)
        .set("source.allow", vec![server.origin(), other.origin()])
        .set("source.allow_private", vec![server.host(), other.host()])
        .set("source.config.other", other.host());
    attack.run().loaded(1);
    let request = other.requests().remove(0);
    assert!(request.target.starts_with("/stolen/sgt-"), "{}", request.target);
    assert!(request.headers["x-key"].to_str().unwrap().starts_with("sgt-"));
    for value in request.headers.values() {
        assert_lacks("a request to another origin", value.as_bytes());
    }
    assert!(server.requests().is_empty());
}

/// The component tells what it knows wherever it can.
fn tells(secret: &str, expose: bool) -> (Attack, acceptance::cli::Output) {
    let attack = Attack::new(&programs::TELLS_ITS_SECRET);
    std::fs::write(attack.project.path("secret.txt"), secret).unwrap();
    let mut entry = toml::Table::new();
    entry.insert("from".into(), "file:secret.txt".into());
    entry.insert("expose".into(), expose.into());
    let attack = attack.set("source.secrets.key", entry);
    let output = attack.cli().arg("-vv").run();
    (attack, output)
}

#[test]
fn an_exposed_secret_is_said_aloud_and_still_hidden() {
    let secret = "Key0123456789abcdefABCDEF";
    let (attack, output) = tells(secret, true);
    let told = "warning: the component is given the secret `key` itself";
    // The host name says that the component had the value: it is one, in small letters.
    output.code(6).stderr_has(&[told, "`expose = true`", "a request to `http://****.example` was denied"]);
    assert_eq!(output.stderr.matches(told).count(), 1, "{}", output.transcript());
    output.lacks(secret).lacks(&secret.to_lowercase());
    assert_eq!(attack.project.value("SELECT key[:4] FROM jivochat_data.attack WHERE key IS NOT NULL"), "sgt-");
    for path in files(attack.project.dir()) {
        if !path.ends_with("secret.txt") {
            let file = std::fs::read(&path).unwrap();
            let found = file.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "the secret is in {}", path.display());
        }
    }
    // The state is compressed in its column.
    let state =
        attack.project.query("SELECT state FROM jivochat_data._dlt_pipeline_state ORDER BY version DESC LIMIT 1");
    let packed = base64::engine::general_purpose::STANDARD.decode(state[0]["state"].as_str().unwrap()).unwrap();
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::ZlibDecoder::new(&packed[..]), &mut unpacked).unwrap();
    assert!(unpacked.contains("sgt-") && !unpacked.contains(secret), "{unpacked}");
}

#[test]
fn a_secret_that_is_not_exposed_is_a_token() {
    let secret = "Key0123456789abcdefABCDEF";
    let (_, output) = tells(secret, false);
    // The host name says what the component had: its token.
    output
        .code(6)
        .stderr_has(&["a request to `http://sgt-"])
        .lacks(secret)
        .lacks(&secret.to_lowercase())
        .lacks("itself");
}

#[test]
fn inspect_says_what_is_exposed() {
    let (attack, _) = tells("Key0123456789abcdefABCDEF", true);
    for target in ["tells_its_secret.wasm", "sluicegate.toml"] {
        let output = attack.project.cli().args(["inspect", target]).run();
        output.code(0).stdout_has(&["key: EXPOSED: the component is given the value itself"]);
        output.stderr_has(&["warning: the component is given the secret `key` itself"]);
    }
    let (attack, _) = tells("Key0123456789abcdefABCDEF", false);
    let output = attack.project.cli().args(["inspect", "sluicegate.toml"]).run();
    output.code(0).stdout_has(&["key: a token; "]).lacks("EXPOSED").lacks("warning");
}

#[test]
fn a_short_secret_is_not_exposed_either() {
    let (_, output) = tells("short", true);
    output.code(2).stderr_has(&["the secret `key`", "shorter than 8 bytes"]).lacks("`short`");
}
