//! The syntax of Apache's `LogFormat`.
//!
//! | directive | field | | directive | field |
//! | --- | --- | --- | --- | --- |
//! | `%h`, `%a` | `remote_addr` | | `%{Name}i` | `http_name` |
//! | `%{c}a` | `peer_addr` | | `%{Name}o` | `sent_http_name` |
//! | `%A` | `server_addr` | | `%{NAME}e` | `env_name` |
//! | `%l` | `ident` | | `%{Name}n` | `note_name` |
//! | `%u` | `remote_user` | | `%{Name}C` | `cookie_name` |
//! | `%t` | `time_local` | | `%{Name}x`, `%{Name}c` | `ssl_name` |
//! | `%{sec}t`, `%{msec}t`, `%{usec}t` | `time_unix`, `time_unix_ms`, `time_unix_us` | | `%{Name}^ti`, `%{Name}^to` | `trailer_name`, `sent_trailer_name` |
//! | `%{strftime format}t` | `time_custom` | | `%D`, `%{us}T` | `request_time_us` |
//! | `%r` | `request` | | `%T`, `%{s}T` | `request_time` |
//! | `%s` | `status` | | `%{ms}T` | `request_time_ms` |
//! | `%b`, `%B` | `body_bytes_sent` | | `%v`, `%V` | `server_name` |
//! | `%I` | `request_length` | | `%p`, `%{remote}p`, `%{local}p` | `server_port`, `remote_port`, `local_port` |
//! | `%O` | `bytes_sent` | | `%P`, `%{tid}P`, `%{hextid}P` | `pid`, `tid`, `hextid` |
//! | `%S` | `bytes_total` | | `%X` | `connection_status` |
//! | `%m` | `method` | | `%k` | `keepalive_requests` |
//! | `%U` | `path` | | `%f` | `filename` |
//! | `%q` | `query` (with its `?`) | | `%R` | `handler` |
//! | `%H` | `protocol` | | `%L` | `log_id` |
//!
//! Names in braces are put in lower case, and what is no letter or digit becomes `_`. The modifiers `<`, `>`, `!` and
//! status lists are read over: they say which value is logged, not how. `\"`, `\\`, `\n` and `\t` are as in httpd.conf.
//! `%{…}t` pieces that only together make a time (`%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t`) are one field.

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while};
use nom::character::complete::{anychar, none_of};
use nom::combinator::{consumed, map, opt, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::{Class, Problem, Token, Variable, apache_time};

/// One piece as it stands in the text.
pub(super) enum Piece<'a> {
    Byte(char),
    Directive { argument: Option<&'a str>, letter: &'a str, written: &'a str },
}

impl<'a> Piece<'a> {
    pub(super) const fn written(&self) -> &'a str {
        match self {
            Self::Byte(_) => "",
            Self::Directive { written, .. } => written,
        }
    }
}

/// The pieces of a template.
pub(in crate::parse) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let pieces = match many0(piece).parse(text) {
        Ok(("", pieces)) => pieces,
        Ok((rest, _)) | Err(nom::Err::Error(nom::error::Error { input: rest, .. })) => return Err(problem(text, rest)),
        Err(_) => return Err(problem(text, text)),
    };
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        at += 1;
        match *piece {
            Piece::Byte(c) => tokens.push(Token::Literal(c.to_string().into_bytes())),
            Piece::Directive { letter: "t", .. } => {
                let (time, used) = apache_time::read(&pieces[at - 1..])?;
                tokens.extend(time);
                at += used.saturating_sub(1);
            }
            Piece::Directive { argument, letter, written } => {
                append(&mut tokens, directive(argument, letter, written)?);
            }
        }
    }
    Ok(tokens)
}

fn problem(text: &str, rest: &str) -> Problem {
    let place = text[..text.len() - rest.len()].chars().count() + 1;
    let found: String = rest.chars().take(12).collect();
    (
        format!("the template's character {place}, `{found}`, begins no directive"),
        "a directive is `%`, perhaps `{…}`, and a letter; write a per cent sign as `%%`".to_owned(),
    )
}

fn piece(input: &str) -> IResult<&str, Piece<'_>> {
    let escaped = preceded(
        tag("\\"),
        alt((value('\n', tag("n")), value('\t', tag("t")), value('"', tag("\"")), value('\\', tag("\\")))),
    );
    let percent = value('%', tag("%%"));
    alt((map(escaped, Piece::Byte), map(percent, Piece::Byte), directive_piece, map(none_of("%"), Piece::Byte)))
        .parse(input)
}

/// `%`, modifiers and an argument in any order, and the letter.
fn directive_piece(input: &str) -> IResult<&str, Piece<'_>> {
    let modifiers = || take_while(|c: char| matches!(c, '<' | '>' | '!' | ',') || c.is_ascii_digit());
    let argument = opt(delimited(tag("{"), map(opt(is_not("}")), Option::unwrap_or_default), tag("}")));
    let letter = alt((
        tag("^FB"),
        tag("^ti"),
        tag("^to"),
        nom::combinator::recognize(nom::combinator::verify(anychar, char::is_ascii_alphabetic)),
    ));
    let (rest, (written, (_, _, argument, _, letter))) =
        consumed((tag("%"), modifiers(), argument, modifiers(), letter)).parse(input)?;
    Ok((rest, Piece::Directive { argument, letter, written }))
}

/// `%q` is written with its question mark: `%U%q` is one field, the target.
fn append(tokens: &mut Vec<Token>, variable: Variable) {
    if let Some(Token::Field(path)) = tokens.last_mut()
        && path.known.name == "path"
        && variable.known.name == "query"
    {
        "target".clone_into(&mut path.known.name);
        path.written.push_str(&variable.written);
        return;
    }
    tokens.push(Token::Field(variable));
}

fn directive(argument: Option<&str>, letter: &str, written: &str) -> Result<Variable, Problem> {
    let named = |prefix: &str| argument.filter(|name| !name.is_empty()).map(|name| field_name(prefix, name));
    let plain = |name: &str| Some(name.to_owned());
    let (name, class) = match letter {
        "h" => (plain("remote_addr"), Class::Address),
        "a" => (plain(if argument == Some("c") { "peer_addr" } else { "remote_addr" }), Class::Address),
        "A" => (plain("server_addr"), Class::Address),
        "l" => (plain("ident"), Class::Word),
        "u" => (plain("remote_user"), Class::Free),
        "r" => (plain("request"), Class::Free),
        "s" => (plain("status"), Class::Status),
        "b" | "B" => (plain("body_bytes_sent"), Class::Digits),
        "I" => (plain("request_length"), Class::Digits),
        "O" => (plain("bytes_sent"), Class::Digits),
        "S" => (plain("bytes_total"), Class::Digits),
        "D" => (plain("request_time_us"), Class::Elapsed),
        "T" => (request_time(argument), Class::Number),
        "m" => (plain("method"), Class::Word),
        "U" => (plain("path"), Class::Free),
        "q" => (plain("query"), Class::Free),
        "H" => (plain("protocol"), Class::Word),
        "v" => (plain("server_name"), Class::Word),
        "V" => (plain("server_name"), Class::Free),
        "p" => (port(argument), Class::Digits),
        "P" => return process(argument, written),
        "X" => (plain("connection_status"), Class::Word),
        "k" => (plain("keepalive_requests"), Class::Digits),
        "f" => (plain("filename"), Class::Free),
        "R" => (plain("handler"), Class::Word),
        "L" => (plain("log_id"), Class::Word),
        "i" if argument.is_some_and(|name| name.eq_ignore_ascii_case("X-Forwarded-For")) => {
            (named("http"), Class::Forwarded)
        }
        "i" => (named("http"), Class::Free),
        "o" => (named("sent_http"), Class::Free),
        "e" => (named("env"), Class::Free),
        "n" => (named("note"), Class::Free),
        "C" => (named("cookie"), Class::Free),
        "x" | "c" => (argument.filter(|name| !name.is_empty()).map(ssl_name), Class::Free),
        "^FB" => (plain("time_to_first_byte_us"), Class::Digits),
        "^ti" => (named("trailer"), Class::Free),
        "^to" => (named("sent_trailer"), Class::Free),
        _ => (None, Class::Free),
    };
    name.map(|name| Variable::new(&name, written, class)).ok_or_else(|| unknown(written))
}

fn unknown(written: &str) -> Problem {
    (
        format!("`{written}` is no directive of Apache's LogFormat"),
        "see mod_log_config's list of directives; one that another module adds can be read with a regex".to_owned(),
    )
}

fn request_time(argument: Option<&str>) -> Option<String> {
    match argument.unwrap_or("s").to_ascii_lowercase().as_str() {
        "s" => Some("request_time".to_owned()),
        "ms" => Some("request_time_ms".to_owned()),
        "us" => Some("request_time_us".to_owned()),
        _ => None,
    }
}

fn port(argument: Option<&str>) -> Option<String> {
    match argument.unwrap_or("canonical") {
        "canonical" => Some("server_port".to_owned()),
        "local" => Some("local_port".to_owned()),
        "remote" => Some("remote_port".to_owned()),
        _ => None,
    }
}

fn process(argument: Option<&str>, written: &str) -> Result<Variable, Problem> {
    match argument.unwrap_or("pid") {
        name @ ("pid" | "tid") => Ok(Variable::new(name, written, Class::Digits)),
        "hextid" => Ok(Variable::new("hextid", written, Class::Word)),
        _ => Err(unknown(written)),
    }
}

/// `SSL_PROTOCOL` to `ssl_protocol`, as nginx has it; variables of other modules have their own name.
fn ssl_name(name: &str) -> String {
    field_name("ssl", name.strip_prefix("SSL_").unwrap_or(name))
}

/// `X-Account-Id` to `http_x_account_id`, as nginx names its variables.
fn field_name(prefix: &str, name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    format!("{prefix}_{name}")
}
