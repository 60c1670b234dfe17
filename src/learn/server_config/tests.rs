use std::path::Path;

use super::{Found, Syntax, read, recognised};

/// Writes files into a directory of their own and reads the first.
fn found(files: &[(&str, &str)], syntax: Syntax) -> Found {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(&path, text.replace("$DIR", &directory.path().display().to_string())).expect("a file");
    }
    read(&directory.path().join(files[0].0), syntax).expect("a configuration")
}

#[track_caller]
fn check(syntax: Syntax, text: &str, expected: &[(&str, &str)]) {
    let found = found(&[("conf", text)], syntax);
    let formats: Vec<(&str, &str)> =
        found.formats.iter().map(|format| (format.name.as_str(), format.text.as_str())).collect();
    assert_eq!(formats, expected, "{text}");
}

#[test]
fn nginx_pieces_are_put_together_as_nginx_does() {
    let check = |text: &str, expected: &[(&str, &str)]| check(Syntax::Nginx, text, expected);
    check("log_format a '$remote_addr';", &[("a", "$remote_addr")]);
    check(
        "log_format a '$remote_addr - '\n   \"[$time_local] \" '\"$request\"' ;",
        &[("a", "$remote_addr - [$time_local] \"$request\"")],
    );
    check(r#"log_format a "\"$request\" it\'s \\ \x";"#, &[("a", r#""$request" it's \ \x"#)]);
    check(r"log_format a 'it\'s $status';", &[("a", "it's $status")]);
    check("log_format a '$a\\t$b';", &[("a", "$a\t$b")]);
    check("log_format a $status${request_time};", &[("a", "$status${request_time}")]);
    check("# log_format no '$x';\nlog_format a '$a # $b'; # log_format no '$y';", &[("a", "$a # $b")]);
    check("http{log_format a '$a';server{listen 80;}}", &[("a", "$a")]);
    check("log_format a '{\"k\":\"$a\"; }';log_format b '$b';", &[("a", "{\"k\":\"$a\"; }"), ("b", "$b")]);
    check("content_by_lua_block { local x = \"it's\" if x then { } end }\nlog_format a '$a';", &[("a", "$a")]);
    check("log_format a '$a", &[]);
    check("log_format a\n'$a'\n\n'$b';", &[("a", "$a$b")]);
}

#[test]
fn nginx_logs_are_under_their_formats_through_includes() {
    let main = "events {}\nhttp {\n  log_format main escape=json\n    '{\"t\":\"$time_iso8601\"}';\n  include conf.d/*.conf;\n  include gone.conf;\n  access_log /var/log/nginx/all.log;\n}\n";
    let site = "server {\n  access_log /var/log/nginx/site.log main buffer=32k;\n  access_log off;\n  include conf.d/site.conf;\n}\n";
    let found = found(
        &[("nginx.conf", main), ("conf.d/site.conf", site), ("conf.d/.hidden.conf", "log_format x '$x';")],
        Syntax::Nginx,
    );
    let [format] = &found.formats[..] else { panic!("{found:?}") };
    assert_eq!(
        (format.at.line, format.escape.as_deref(), &format.logs[..]),
        (3, Some("json"), &["/var/log/nginx/site.log".to_owned()][..])
    );
    assert_eq!(found.known, [("/var/log/nginx/all.log".to_owned(), "combined".to_owned())]);
    assert_eq!(found.notes, ["`gone.conf` is included, but is not there"]);
}

#[test]
fn apache_formats_are_unquoted_as_apache_does() {
    let check = |text: &str, expected: &[(&str, &str)]| check(Syntax::Apache, text, expected);
    check(r#"LogFormat "%h \"%r\" %>s" main"#, &[("main", r#"%h "%r" %>s"#)]);
    check("logformat \"%h \\\n   %l\" main", &[("main", "%h %l")]);
    check(r"LogFormat '%h \n %{a}i it\'s' main", &[("main", r"%h \n %{a}i it's")]);
    check(r#"LogFormat "%h \\ %>s" main"#, &[("main", r"%h \ %>s")]);
    check("LogFormat %h main\n# LogFormat %x no\n", &[("main", "%h")]);
    check("LogFormat %a main\nLogFormat %b main", &[("main", "%b")]);
    check("Define WHO u\nLogFormat \"%{${WHO}}i\" main", &[("main", "%{u}i")]);
    check("CustomLog logs/site.log \"%h %>s\" env=!quiet", &[("site", "%h %>s")]);
}

#[test]
fn apache_logs_are_under_their_nicknames() {
    let main = "ServerRoot \"$DIR\"\nLogFormat \"%h %>s\" short\n<VirtualHost *:80>\nInclude sites\n</VirtualHost>\nCustomLog \"|/usr/bin/rotatelogs x\" short\nCustomLog a.log combined\n";
    let found =
        found(&[("httpd.conf", main), ("sites/a.conf", "  CustomLog logs/a.log short env=x\n")], Syntax::Apache);
    let [format] = &found.formats[..] else { panic!("{found:?}") };
    assert_eq!(format.logs, ["logs/a.log", "|/usr/bin/rotatelogs x"]);
    assert_eq!(found.known, [("a.log".to_owned(), "combined".to_owned())]);
}

#[test]
fn haproxy_words_are_taken_as_haproxy_does() {
    let check = |text: &str, expected: &[(&str, &str)]| check(Syntax::Haproxy, text, expected);
    check("frontend web\n  log-format %ci:%cp\\ [%tr]\\ %ST", &[("web", "%ci:%cp [%tr] %ST")]);
    check("log-format \"%ci \\\"%HM\\\" %{+Q}r\"", &[("haproxy", "%ci \"%HM\" %{+Q}r")]);
    check("log-format '%ci \"%r\" \\x' # all", &[("haproxy", "%ci \"%r\" \\x")]);
    let found = found(&[("haproxy.cfg", "defaults\n  option httplog\nlisten db\n option tcplog\n")], Syntax::Haproxy);
    let known: Vec<(&str, &str)> =
        found.known.iter().map(|(section, name)| (section.as_str(), name.as_str())).collect();
    assert_eq!(known, [("haproxy", "haproxy_http"), ("db", "haproxy_tcp")]);
}

#[test]
fn envoy_scalars_are_read_in_each_of_their_forms() {
    let check = |text: &str, expected: &[(&str, &str)]| check(Syntax::Envoy, text, expected);
    let text = "[%START_TIME%] \"%REQ(:METHOD)%\"";
    check("text_format: '[%START_TIME%] \"%REQ(:METHOD)%\"'\n", &[("envoy", text)]);
    check("  inline_string: \"[%START_TIME%] \\\"%REQ(:METHOD)%\\\"\\n\"\n", &[("envoy", text)]);
    check("a:\n  text_format: |\n    [%START_TIME%] \"%REQ(:METHOD)%\"\n  other: 1\n", &[("envoy", text)]);
    check("{\n \"text_format\": \"[%START_TIME%] \\\"%REQ(:METHOD)%\\\"\\n\"\n}", &[("envoy", text)]);
    check("format: plain\nname: text_format\n", &[]);
}

#[test]
fn a_configuration_is_told_from_a_log() {
    for (text, expected) in [
        ("# x\nuser www;\nworker_processes auto;\n", Some(Syntax::Nginx)),
        ("log_format main\n '$a';", Some(Syntax::Nginx)),
        ("ServerRoot \"/etc/httpd\"\n", Some(Syntax::Apache)),
        ("<VirtualHost *:80>\n", Some(Syntax::Apache)),
        ("defaults\n    option httplog\n", Some(Syntax::Haproxy)),
        ("static_resources:\n  listeners:\n", Some(Syntax::Envoy)),
        ("192.0.2.1 - - [x] \"GET /log_format HTTP/1.1\" 200 1\n", None),
        ("{\"log_format\":1}\n", None),
        ("http request done\nserver started\n", None),
        ("", None),
    ] {
        assert_eq!(recognised(text), expected, "{text}");
    }
}

#[test]
fn an_include_of_itself_ends() {
    let found = found(&[("nginx.conf", "include nginx.conf;\nlog_format a '$a';\n")], Syntax::Nginx);
    assert_eq!(found.formats.len(), 1, "{found:?}");
    assert!(read(Path::new("/nowhere/nginx.conf"), Syntax::Nginx).is_err());
}
