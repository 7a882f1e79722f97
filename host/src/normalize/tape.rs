//! A JSON text as a flat list of nodes that borrow from it: read once, walked as often as needed, reused for the next.
//!
//! A tree of boxed values costs more than all the rest of normalizing a record, hence the list. Strings stay where they
//! are in the text; only those with escapes are copied.

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One value, or the key of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// The digits of an integer that needs more than 64 bits.
    BigInt(Span),
    /// A number with a fraction or an exponent that no double can hold.
    HugeFloat(Span),
    /// A string without escapes, as it stands in the text.
    Text(Span),
    /// A string with escapes: where its value is in [`Tape::unescaped`].
    Unescaped(Span),
    /// A list; its items lie between it and `end`.
    Array {
        end: u32,
    },
    /// An object; its members lie between it and `end`, each a key and a value.
    Object {
        end: u32,
    },
}

/// The nodes of one JSON text, in the order of the text. The root is node 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
    pub(crate) unescaped: String,
}

impl Tape {
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.unescaped.clear();
    }
}

/// A tape with the text that it borrows from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    pub(crate) text: &'a str,
    pub(crate) tape: &'a Tape,
}

impl<'a> Document<'a> {
    /// The node at a place of the tape.
    #[inline]
    pub(crate) fn node(self, at: usize) -> Node {
        self.tape.nodes.get(at).copied().unwrap_or(Node::Null)
    }

    /// A stretch of the JSON text.
    pub(crate) fn span(self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The bytes of the string of a text node: cheaper than the string, for they need not be cut between characters.
    #[inline]
    pub(crate) fn bytes(self, node: Node) -> &'a [u8] {
        let (bytes, span) = match node {
            Node::Text(span) => (self.text.as_bytes(), span),
            Node::Unescaped(span) => (self.tape.unescaped.as_bytes(), span),
            _ => return &[],
        };
        bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The string of a text node; empty for any other.
    pub(crate) fn string(self, node: Node) -> &'a str {
        match node {
            Node::Text(span) => self.span(span),
            Node::Unescaped(span) => {
                self.tape.unescaped.get(span.start as usize..span.end as usize).unwrap_or_default()
            }
            _ => "",
        }
    }

    /// The place after a value and all that is in it.
    #[inline]
    pub(crate) fn after(self, at: usize) -> usize {
        match self.node(at) {
            Node::Array { end } | Node::Object { end } => end as usize,
            _ => at + 1,
        }
    }

    /// The places of the items of a list.
    pub(crate) fn items(self, at: usize) -> impl Iterator<Item = usize> {
        let end = self.after(at);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let item = next;
                next = self.after(item);
                item
            })
        })
    }

    /// The members of an object: each key, and the place of its value.
    #[inline]
    pub(crate) fn members(self, at: usize) -> impl Iterator<Item = (&'a [u8], usize)> {
        let end = self.after(at);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            (next + 1 < end).then(|| {
                let key = self.bytes(self.node(next));
                let value = next + 1;
                next = self.after(value);
                (key, value)
            })
        })
    }
}
