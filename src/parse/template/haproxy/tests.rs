use super::super::Token;
use super::tokens;
use crate::model::spec::Engine;
use crate::parse::tests::{check, compile};

fn haproxy(text: &str) -> Engine {
    Engine::HaproxyTemplate { text: text.to_owned() }
}

/// What `option httplog` stands for.
const HTTP: &str =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

#[test]
fn the_default_format_is_read_with_captured_headers_and_without() {
    let pattern = compile(haproxy(HTTP));
    for (headers, request, response) in [
        ("", None, None),
        ("{a b|} ", Some("a b|"), None),
        ("{a} {b|c} ", Some("a"), Some("b|c")),
        ("{} {} ", Some(""), Some("")),
    ] {
        let line = format!(
            r#"2001:db8::1:40962 [09/Dec/2026:12:59:46.633] fe~ be/<NOSRV> -1/0/-1/-1/+109 -1 +27 - - cR-- 2/2/0/0/+1 0/0 {headers}"GET /a?b HTTP/1.1""#
        );
        let expected: &[_] = &[
            ("client", Some("2001:db8::1")),
            ("remote_port", Some("40962")),
            ("time", Some("09/Dec/2026:12:59:46.633")),
            ("frontend_name_transport", Some("fe~")),
            ("server_name", Some("<NOSRV>")),
            ("time_receive_ms", None),
            ("time_active_ms", Some("109")),
            ("status", None),
            ("bytes", Some("27")),
            ("captured_request_cookie", None),
            ("termination_state", Some("cR--")),
            ("retries", Some("1")),
            ("captured_request_headers", request),
            ("captured_response_headers", response),
            ("path", Some("/a")),
        ];
        check(&pattern, &line, Some(expected));
    }
    check(
        &pattern,
        r#"a:1 [09/Dec/2026:12:59:46.633] fe be/s 1/0/1/1/1 200 2 - - ---- 2/2/0/0/1 0/0  "GET / HTTP/1.1""#,
        None,
    );
}

#[test]
fn flags_quote_and_escape_what_they_do_in_haproxy() {
    for (format, line, fields) in [
        // A request is encoded: its quote cannot come from the client.
        ("%{+Q}r %ST", r#""GET /#22 HTTP/1.1" 200"#, Some(&[("path", Some("/#22")), ("status", Some("200"))][..])),
        ("%{+Q}r %ST", r#""GET /" HTTP/1.1" 200"#, None),
        // For all that follow; numbers and times are never quoted.
        (
            "%{+Q}o %ci %cp %{-Q}s %T %b",
            r#""192.0.2.1" 80 srv 10/Oct/2000:13:55:36 -0700 "be""#,
            Some(&[
                ("client", Some("192.0.2.1")),
                ("server_name", Some("srv")),
                ("time", Some("10/Oct/2000:13:55:36 -0700")),
                ("backend_name", Some("be")),
            ]),
        ),
        // Without +E a quote in a sample makes the line ambiguous.
        ("%{+Q}[req.hdr(ua)] %ST", r#""x" 200" 404"#, None),
        ("%{+Q}[req.hdr(ua)] %ST", r#""x\" 404"#, Some(&[("http_ua", Some("x\\")), ("status", Some("404"))])),
        (
            "%{+Q,+E}[req.hdr(ua)] %ST",
            r#""x\" 200" 404"#,
            Some(&[("http_ua", Some("x\\\" 200")), ("status", Some("404"))]),
        ),
        ("%{+E +Q}o%[req.hdr(ua)] %ST", r#""x\" 200" 404"#, Some(&[("status", Some("404"))])),
        ("%ST %[req.hdr(ua)]", r#"404 x" 200 "y"#, Some(&[("http_ua", Some(r#"x" 200 "y"#)), ("status", Some("404"))])),
        ("%{+X}cp %ST", "9C40 200", Some(&[("status", Some("200")), ("remote_port", Some("9C40"))])),
        ("%Ts.%ms %ST", "1700000000.123 200", Some(&[("time", Some("1700000000.123"))])),
        (
            "%HM %HP%HQ %HV",
            "GET /a?b HTTP/2.0",
            Some(&[("path", Some("/a")), ("query", Some("b")), ("protocol", Some("HTTP/2.0"))]),
        ),
    ] {
        check(&compile(haproxy(format)), line, fields);
    }
}

#[test]
fn a_format_may_be_pasted_as_it_stands_in_the_configuration() {
    let expected: &[_] = &[("client", Some("192.0.2.1")), ("path", Some("/")), ("http_host", Some("a"))];
    for format in [
        r#"log-format "%ci %{+Q}r %[req.hdr(host)]""#,
        r"log-format '%ci %{+Q}r %[req.hdr(host)]'",
        r"    log-format %ci\ %{+Q}r\ %[req.hdr(host)]",
        r#""%ci %{+Q}r %[req.hdr(host)]""#,
        r#""%ci \"%r\" %[req.hdr(host)]""#,
        r#"  %ci  \"%r\"   %[req.hdr(host)]"#,
        r#"%(client)ci "%(request:str)r" %(http_host)[var(txn.host),lower]"#,
    ] {
        check(&compile(haproxy(format)), r#"192.0.2.1 "GET / HTTP/1.1" a"#, Some(expected));
    }
}

#[test]
fn samples_are_named_after_what_they_fetch() {
    for (sample, name) in [
        ("capture.req.hdr(0)", "captured_request_header_1"),
        ("capture.res.hdr(2),lower", "captured_response_header_3"),
        ("req.hdr(X-Account-Id),json(utf8s)", "http_x_account_id"),
        ("res.fhdr(\"X-A\")", "sent_http_x_a"),
        ("var(txn.my_user)", "txn_my_user"),
        ("src,ipmask(24)", "remote_addr"),
        ("ssl_fc_sni", "ssl_fc_sni"),
        ("date(0,ms),ltime(\"%Y-%m-%d]\")", "date_0"),
        ("path,regsub([0-9],x)", "path"),
        ("()", "sample"),
    ] {
        let found = tokens(&format!("%[{sample}] %ST")).unwrap();
        let Some(Token::Field(field)) = found.first() else { panic!("{sample}") };
        assert_eq!((field.known.name.as_str(), found.len()), (name, 3), "{sample}");
    }
}

#[test]
fn what_is_no_variable_is_named() {
    for (format, expected) in [
        ("%ci %zz", "character 5, `%zz`, begins no variable"),
        ("%ci %", "character 5, `%`, begins no variable"),
        ("%[src", "`%[src`, has no closing `]`"),
        ("%{+Q", "has no closing `}`"),
        ("%{Q}r", "has flags other than"),
        ("%(a", "has no closing `)`"),
        ("%ci %hrl", "is a list whose end a line does not show"),
    ] {
        let (message, help) = tokens(format).unwrap_err();
        assert!(message.contains(expected) && !help.is_empty(), "{message}");
    }
    assert_eq!(tokens("100%% %ci").unwrap().len(), 6);
}
