use crate::parse::tests::{builtin, check, compile};

const HTTP: &str = r#"192.0.2.7:40962 [09/Dec/2026:12:59:46.633] fe~ be/srv1 10/0/30/69/109 200 2750 - - ---- 2/2/0/0/0 0/0 "GET /a?b HTTP/1.1""#;
const TCP: &str = "192.0.2.7:40962 [09/Dec/2026:12:59:46.633] fe be/srv1 0/1/5007 212 -- 1/3/6/8/13 15/17";

#[test]
fn a_syslog_header_is_read_over() {
    for (header, expected) in [
        ("", Some((None, None, None))),
        ("Dec  9 13:01:26 lb1 haproxy[28029]: ", Some((Some("lb1"), Some("haproxy"), Some("28029")))),
        ("<134>Dec 09 13:01:26 haproxy[28029]: ", Some((None, Some("haproxy"), Some("28029")))),
        ("2026-12-09T13:01:26.123+00:00 lb1 haproxy[6]: ", Some((Some("lb1"), Some("haproxy"), Some("6")))),
        ("<134>1 2026-12-09T13:01:26+00:00 lb1 haproxy 6 - - ", Some((Some("lb1"), Some("haproxy"), Some("6")))),
        ("Feb 01 18:34:10 - haproxy[1]: ", Some((None, Some("haproxy"), Some("1")))),
        ("haproxy[6]: ", Some((None, Some("haproxy"), Some("6")))),
        ("hap: ", Some((None, Some("hap"), None))),
        ("lb1 haproxy[6]: ", None),
        ("Dec  9 13:01:26 lb1 haproxy[6] ", None),
        ("Dec  9 13:01:26 ", None),
    ] {
        let fields = expected.map(|(host, process, pid)| {
            [("hostname", host), ("process_name", process), ("pid", pid), ("client", Some("192.0.2.7"))]
        });
        for (name, line) in [("haproxy_http", HTTP), ("haproxy_tcp", TCP)] {
            let line = format!("{header}{line}");
            check(&compile(builtin(name)), &line, fields.as_ref().map(|fields| &fields[..]));
        }
    }
}

#[test]
fn what_haproxy_writes_for_none_is_absent() {
    let http = compile(builtin("haproxy_http"));
    for (part, written, field, expected) in [
        ("fe~ be", "fe~ be", "frontend_name", Some("fe")),
        ("fe~ be", "fe~ be", "frontend_name_transport", Some("fe~")),
        ("be/srv1", "be/srv1 www.example.com:8443", "status", Some("200")),
        ("be/srv1", "be/srv1 192.0.2.80", "server_name", Some("srv1")),
        ("be/srv1", "be/<NOSRV>", "server_name", None),
        ("be/srv1", "be/<STATS>", "server_name", Some("<STATS>")),
        ("10/0/30", "-1/0/30", "time_receive_ms", None),
        ("/109 ", "/+109 ", "time_active_ms", Some("109")),
        ("/109 ", "/-1 ", "time_active_ms", None),
        (" 200 ", " -1 ", "status", None),
        (" 2750 ", " +2750 ", "bytes", Some("2750")),
        ("0/0/0 0/0", "0/0/+3 0/0", "retries", Some("3")),
        ("- - ----", "a=b - ----", "captured_request_cookie", Some("a=b")),
        ("192.0.2.7:", "2001:db8::1:", "client", Some("2001:db8::1")),
        ("192.0.2.7:40962", "unix:1", "client", Some("unix")),
        ("\"GET /a?b HTTP/1.1\"", "\"<BADREQ>\"", "request", Some("<BADREQ>")),
        ("\"GET /a?b HTTP/1.1\"", "\"<BADREQ>\"", "path", None),
        ("GET /a?b HTTP/1.1\"", "GET /a?bbbb", "request", Some("GET /a?bbbb")),
        ("GET /a?b HTTP/1.1\"", "GET /a?bbbb", "path", None),
        ("0/0 \"", "0/0 {a b||c} {} \"", "captured_request_headers", Some("a b||c")),
        ("0/0 \"", "0/0 {a b||c} {} \"", "captured_request_header_1", Some("a b")),
        ("0/0 \"", "0/0 {a b||c} {} \"", "captured_request_header_2", None),
        ("0/0 \"", "0/0 {a b||c} {d} \"", "captured_request_header_3", Some("c")),
        ("0/0 \"", "0/0 {a b||c} {d} \"", "captured_response_header_1", Some("d")),
        ("0/0 \"", "0/0 {a} \"", "captured_response_headers", None),
    ] {
        let line = HTTP.replace(part, written);
        assert!(line != HTTP || part == written, "{part} is not in the line");
        check(&http, &line, Some(&[(field, expected)]));
    }
}

#[test]
fn tls_lines_have_the_errors_and_the_names_after_the_request() {
    let http = compile(builtin("haproxy_http"));
    let line = format!("{HTTP} 0/0000000000000000/0/0/1 a/b.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384");
    let expected: &[_] = &[
        ("path", Some("/a")),
        ("fc_err", Some("0")),
        ("ssl_fc_is_resumed", Some("1")),
        ("ssl_fc_sni", Some("a/b.example.com")),
        ("ssl_version", Some("TLSv1.3")),
        ("ssl_ciphers", Some("TLS_AES_256_GCM_SHA384")),
    ];
    check(&http, &line, Some(expected));
    check(&http, &format!("{HTTP} 0/0/0/0 -/-/-"), None);
    check(&http, &format!("{HTTP} 0/0/0/0/0/0 -/-/-"), None);
    check(&http, &format!("{HTTP} 0/0/0/0/0 -/-"), None);
    check(&http, &format!("{HTTP} 0/0/0/0/0 a \"b/-/-"), None);
}

#[test]
fn a_line_with_a_wrong_part_is_refused() {
    for (name, line, part, wrong) in [
        ("haproxy_http", HTTP, "be/srv1", "be"),
        ("haproxy_http", HTTP, "/109", ""),
        ("haproxy_http", HTTP, "/109", "/x"),
        ("haproxy_http", HTTP, " 0/0 ", " 0/0  "),
        ("haproxy_http", HTTP, " 0/0 ", " 0/0 {a "),
        ("haproxy_http", HTTP, " 0/0 ", " 0/0 {a} {b} {c} "),
        ("haproxy_http", HTTP, "\"GET", "GET"),
        ("haproxy_http", HTTP, "192.0.2.7:40962", "192.0.2.7"),
        ("haproxy_http", HTTP, "[09", "09"),
        ("haproxy_tcp", TCP, "15/17", "15/17 "),
        ("haproxy_tcp", TCP, "15/17", "15"),
        ("haproxy_tcp", TCP, " -- ", " "),
        ("haproxy_tcp", TCP, "5007", ""),
    ] {
        assert!(line.contains(part), "{part}");
        check(&compile(builtin(name)), &line.replace(part, wrong), None);
    }
    check(&compile(builtin("haproxy_http")), TCP, None);
    check(&compile(builtin("haproxy_tcp")), HTTP, None);
}
