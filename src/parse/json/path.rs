//! Where in an object a field is: `user.id`, `items[0].sku`, `"a.b".c`.

/// The way to a value. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Key(Vec<u8>),
    /// From 0.
    Item(usize),
}

impl Path {
    /// The value of a top-level key, whatever characters it has.
    pub(in crate::parse) fn key(name: &str) -> Self {
        Self(vec![Segment::Key(name.as_bytes().to_vec())])
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Keys with dots between them, items in brackets. A key with a dot, bracket or quote in it is written in quotes, a
    /// quote in it twice. `Err`: what was expected.
    pub(in crate::parse) fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            let (key, after) = read_key(rest)?;
            segments.push(Segment::Key(key.into_bytes()));
            rest = after;
            while let Some(inside) = rest.strip_prefix('[') {
                let (index, after) =
                    inside.split_once(']').ok_or_else(|| "expected `]` after an item's number".to_owned())?;
                let index =
                    index.parse().map_err(|_| format!("expected an item's number (from 0), found `{index}`"))?;
                segments.push(Segment::Item(index));
                rest = after;
            }
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(Self(segments)),
                None => return Err(format!("expected `.`, `[` or the end, found `{rest}`")),
            }
        }
    }
}

fn read_key(text: &str) -> Result<(String, &str), String> {
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '[', ']', '"']).unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        let missing = || format!("expected a key, found `{text}`");
        return if key.is_empty() { Err(missing()) } else { Ok((key.to_owned(), rest)) };
    };
    let mut key = String::new();
    loop {
        let (part, rest) = quoted.split_once('"').ok_or_else(|| "expected a closing `\"`".to_owned())?;
        key.push_str(part);
        match rest.strip_prefix('"') {
            Some(after) => {
                key.push('"');
                quoted = after;
            }
            None => return Ok((key, rest)),
        }
    }
}
