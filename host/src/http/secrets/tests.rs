//! What goes out and what comes back.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
fn grant(index: usize, value: &str) -> SecretGrant {
    SecretGrant {
        token: format!("THETOKEN{index}"),
        value: Secret::new(value),
        origins: AllowList::parse(["https://a.example"]).unwrap(),
        exposed: false,
    }
}

fn secrets(values: &[&str]) -> Arc<Secrets> {
    let grants = values.iter().enumerate().map(|(index, value)| grant(index, value));
    Arc::new(Secrets::new(grants.collect()).unwrap())
}

fn mask(secrets: &Arc<Secrets>, chunks: &[&[u8]]) -> String {
    let mut masker = Masker::new(Arc::clone(secrets));
    let mut text = Vec::new();
    for chunk in chunks {
        text.extend_from_slice(&masker.push(Bytes::copy_from_slice(chunk)));
    }
    text.extend_from_slice(&masker.finish());
    String::from_utf8(text).unwrap()
}

#[test]
fn values_are_put_into_paths_and_headers_of_their_origins_alone() {
    fn check(origin: &str, path: &str, header: &str) {
        let secrets = secrets(&["long/a/b c&d?"]);
        let origin = Origin::parse(origin).unwrap();
        let filled = secrets.fill_path("/x/THETOKEN0?key=THETOKEN0", &origin);
        assert_eq!(filled.as_deref().unwrap_or("/x/THETOKEN0?key=THETOKEN0"), path);
        let mut headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer THETOKEN0".parse().unwrap())]);
        secrets.fill_headers(&mut headers, &origin);
        assert_eq!(headers[http::header::AUTHORIZATION], header);
    }
    check("https://a.example", "/x/long%2Fa%2Fb%20c%26d%3F?key=long%2Fa%2Fb%20c%26d%3F", "Bearer long/a/b c&d?");
    check("https://b.example", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
    check("http://a.example", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
    check("https://a.example:444", "/x/THETOKEN0?key=THETOKEN0", "Bearer THETOKEN0");
}

#[test]
fn the_longest_of_several_values_is_taken_out() {
    let secrets = secrets(&["abcdefgh", "abcdefghijkl", "ghijklmn"]);
    assert_eq!(mask(&secrets, &[b"abcdefgh", b"ijkl abcdefgh ghijklmn"]), "THETOKEN1 THETOKEN0 THETOKEN2");
}

#[test]
fn headers_and_texts_are_masked() {
    let secrets = secrets(&["The/Secret", "NAMED-secret"]);
    let mut headers = HeaderMap::from_iter([(http::header::LOCATION, "/x/The%2fSecret/".parse().unwrap())]);
    headers.append("x-named-secret-x", "1".parse().unwrap());
    headers.append("x-fine", b"\xff The/Secret".as_slice().try_into().unwrap());
    secrets.mask_headers(&mut headers);
    assert_eq!(headers[http::header::LOCATION], "/x/THETOKEN0/");
    assert_eq!(headers["x-fine"].as_bytes(), b"\xff THETOKEN0");
    assert_eq!(headers.len(), 2);
    assert_eq!(secrets.hide("at The/Secret, the%2Fsecret and THETOKEN0"), "at ****, **** and ****");
}

#[test]
fn an_exposed_value_comes_in_and_is_kept_out_of_what_is_stored() {
    let exposed = SecretGrant { exposed: true, ..grant(0, "exposed-1") };
    let secrets = Arc::new(Secrets::new(vec![exposed, grant(1, "withheld-1")]).unwrap());
    assert_eq!(mask(&secrets, &[b"exposed-1 withheld-1"]), "exposed-1 THETOKEN1");
    assert_eq!(secrets.withhold("exposed-1 withheld-1".to_owned()), "exposed-1 THETOKEN1");
    assert_eq!(secrets.keep_out(b"exposed-1 withheld-1".to_vec()), b"THETOKEN0 THETOKEN1");
    assert_eq!(secrets.keep_out("exposed%2d1 withheld-1".to_owned()), "THETOKEN0 THETOKEN1");
    assert_eq!(secrets.reveal("THETOKEN0 THETOKEN1"), "exposed-1 THETOKEN1");
    assert_eq!(secrets.hide("exposed-1 withheld-1"), "**** ****");
}

#[test]
fn values_that_cannot_be_hidden_are_refused() {
    for value in ["", "1234567", "long-a\nb", "long-a\rb", "long-a\0b"] {
        assert!(Secrets::new(vec![grant(0, value)]).is_err(), "{value:?}");
    }
}

#[test]
fn a_value_is_never_shown() {
    assert!(!format!("{:?}", secrets(&["hunter2222"]).grants).contains("hunter2222"));
}

proptest! {
    /// However a body is cut, the same comes out as of the whole.
    #[test]
    fn cuts_change_nothing(
        parts in prop::collection::vec(prop::sample::select(vec!["abab", "ababc", "ab", "c", "/x-", "a%62", "é", "%2", "\\u00e9", "\\", "&amp;"]), 0..24),
        cuts in prop::collection::vec(0_usize..120, 0..12),
    ) {
        let secrets = secrets(&["abababab", "ababcabab", "éé/x-ab", "ab&ab&ab"]);
        let text = parts.concat();
        let whole = mask(&secrets, &[text.as_bytes()]);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(mask(&secrets, &chunks), whole);
    }
}
