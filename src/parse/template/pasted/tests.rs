use super::{Definition, apache, nginx};
use crate::model::spec::NginxEscape;

#[test]
fn a_log_format_is_joined_from_its_pieces() {
    use NginxEscape::{Default, Json, None};
    for (text, given, expected, escape) in [
        ("$a $b", Default, "$a $b", Default),
        ("'$a ' '$b'", Default, "$a $b", Default),
        ("'$a '\n    '\"$b\"';", Default, "$a \"$b\"", Default),
        ("log_format main '$a '   # first\n '\"$b\" ' \"$c\" $d;\n", Default, "$a \"$b\" $c$d", Default),
        ("  log_format x escape=json '{\"a\":\"$a\"}';", Default, "{\"a\":\"$a\"}", Json),
        ("log_format x escape=json '$a';", None, "$a", None),
        ("log_format x escape=default '$a';", Json, "$a", Json),
        ("log_format x escape=none '$a\\t\\'\\x'; # end", Default, "$a\t'\\x", None),
        ("log-format-upstream: '$a \"$b\"'", Default, "$a \"$b\"", Default),
        // One piece is no paste when it is not the whole text, or the quotes are the format's own.
        ("'$a','$b'", Default, "'$a','$b'", Default),
        ("'$a' $b", Default, "'$a' $b", Default),
        ("\"$a\" \"$b\"", Default, "\"$a\" \"$b\"", Default),
        ("log_formats $a", Default, "log_formats $a", Default),
    ] {
        let expected = Definition { text: expected.to_owned(), escape };
        assert_eq!(nginx(text, given).unwrap(), expected, "{text}");
    }
    for text in ["log_format x '$a", "log_format x '$a'b;", "log_format x '$a'; log_format y '$b';"] {
        let (message, help) = nginx(text, Default).unwrap_err();
        assert!(message.contains("no complete `log_format`") && help.contains("semicolon"), "{text}: {message}");
    }
}

#[test]
fn a_format_of_apache_is_taken_from_its_line() {
    for (text, expected) in [
        (r#"%h "%r""#, r#"%h "%r""#),
        (r#"%h \"%r\""#, r#"%h \"%r\""#),
        (r#"LogFormat "%h \"%r\" \\" common"#, r#"%h \"%r\" \\"#),
        (r#"  logformat '%h "%r"' x"#, r#"%h "%r""#),
        ("LogFormat \"%h \\\n%u\" x", "%h %u"),
        (r#"CustomLog "logs/access log" "%h %u" env=!x"#, "%h %u"),
        (r"CustomLog logs/a %h", "%h"),
        (r#""%h \"%r\" %s""#, r#"%h \"%r\" %s"#),
        (r#""%h" "%r""#, r#""%h" "%r""#),
        (r#""%h""#, r#""%h""#),
        (r#""\"%h\"" %u"#, r#""\"%h\"" %u"#),
    ] {
        assert_eq!(apache(text).unwrap(), expected, "{text}");
    }
    let (message, _) = apache("CustomLog logs/access.log combined").unwrap_err();
    assert!(message.contains("`CustomLog` names the format `combined`"), "{message}");
}
