//! A text of the regex syntax as a tree.
//!
//! Promises: bytes, not characters: `.` is any byte, `\w` and its like are ASCII's. A class or `\p{…}` that names
//! characters beyond ASCII is one of characters, as if it stood in `(?u:…)`. Does not: compile.

use regex_syntax::ast::{self, Ast, ClassSetItem, Visitor};
use regex_syntax::hir::Hir;

/// Why a text has no tree.
#[derive(Debug)]
pub(in crate::parse) struct Refused {
    /// In a few words.
    pub(in crate::parse) what: String,
    /// On several lines, with the text and the place in it.
    pub(in crate::parse) shown: String,
}

impl Refused {
    fn new(err: &regex_syntax::Error) -> Self {
        let what = match err {
            regex_syntax::Error::Parse(err) => err.kind().to_string(),
            regex_syntax::Error::Translate(err) => err.kind().to_string(),
            _ => err.to_string(),
        };
        Self { what, shown: err.to_string() }
    }
}

/// The tree of a text.
pub(in crate::parse) fn parse(text: &str) -> Result<Hir, Refused> {
    let parse = |text: &str, unicode| {
        let mut builder = regex_syntax::ParserBuilder::new();
        let mut parser = builder.utf8(false).unicode(unicode).dot_matches_new_line(true).build();
        parser.parse(text).map_err(|err| Refused::new(&err))
    };
    parse(text, false).or_else(|refused| {
        let wrapped = in_characters(text).and_then(|wrapped| parse(&wrapped, false).ok());
        wrapped.map_or_else(|| parse(text, true), Ok).map_err(|_| refused)
    })
}

/// The same text with every class of characters beyond ASCII in `(?u:…)`.
fn in_characters(text: &str) -> Option<String> {
    let ast = ast::parse::Parser::new().parse(text).ok()?;
    let places = ast::visit(&ast, Places::default()).ok()?;
    let mut wrapped = String::with_capacity(text.len() + 8 * places.len());
    let mut done = 0;
    for (from, to) in places {
        wrapped += &text[done..from];
        wrapped += "(?u:";
        wrapped += &text[from..to];
        wrapped.push(')');
        done = to;
    }
    wrapped += &text[done..];
    Some(wrapped)
}

/// Where the classes of characters beyond ASCII stand: the outermost brackets, in order.
#[derive(Default)]
struct Places {
    found: Vec<(usize, usize)>,
    /// Whether the bracket that is being read names a character beyond ASCII.
    beyond: bool,
}

impl Visitor for Places {
    type Output = Vec<(usize, usize)>;
    type Err = ();

    fn finish(self) -> Result<Self::Output, ()> {
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), ()> {
        if matches!(ast, Ast::ClassBracketed(_)) {
            self.beyond = false;
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), ()> {
        let span = match ast {
            Ast::ClassUnicode(class) => class.span,
            Ast::ClassBracketed(class) if self.beyond => class.span,
            _ => return Ok(()),
        };
        self.found.push((span.start.offset, span.end.offset));
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), ()> {
        self.beyond |= match item {
            ClassSetItem::Literal(literal) => !literal.c.is_ascii(),
            ClassSetItem::Range(range) => !range.end.c.is_ascii(),
            ClassSetItem::Unicode(_) => true,
            _ => false,
        };
        Ok(())
    }
}
