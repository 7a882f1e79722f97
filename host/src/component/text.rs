//! Texts that a component made up: shortened and made harmless before anybody reads them on a terminal.

/// Whether what a component says is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Words {
    /// All of it.
    #[default]
    Told,
    /// None of its log, and of an error no more than what the host knows of it, once a service has answered: it may quote what
    /// must not be kept.
    WithheldOnceAnswered,
    /// The same, answered or not: it may quote what it was given.
    Withheld,
}

/// Most bytes of a message.
const MAX_MESSAGE: usize = 2 * 1024;

/// Cuts a text to 2 KiB and escapes control characters and those that turn the direction of writing.
pub(super) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len().min(MAX_MESSAGE));
    for c in text.trim().chars() {
        if tamed.len() >= MAX_MESSAGE {
            tamed.push('…');
            break;
        }
        if is_harmless(c) { tamed.push(c) } else { tamed.extend(c.escape_unicode()) }
    }
    tamed
}

fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_tamed() {
        fn check(text: &str, expect: &str) {
            assert_eq!(tame(text), expect);
        }
        check(" plain, ünïcode 🙂 ", "plain, ünïcode 🙂");
        check("a\u{1b}[31mred\nnext", "a\\u{1b}[31mred\\u{a}next");
        check("a\u{202e}b", "a\\u{202e}b");
        assert!(tame(&"ä".repeat(5000)).len() <= MAX_MESSAGE + 8);
    }
}
