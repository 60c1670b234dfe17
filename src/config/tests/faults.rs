//! The exact text of each fault.

use super::{Home, METRIC, PX, SOURCE, refused};

/// What one wrong thing leads to, with everything else right.
#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(refused(&Home::new(text)), expected, "{text}");
}

#[track_caller]
fn check_px(body: &str, expected: &str) {
    check(&format!("{SOURCE}{METRIC}[px]\n{body}"), &expected.replace("@:", "pxtail.toml:12:"));
}

#[track_caller]
fn check_source(body: &str, expected: &str) {
    check(&format!("{PX}{METRIC}[[source]]\nname = \"web\"\n{body}"), &expected.replace("@:", "pxtail.toml:12:"));
}

/// `body` begins at line 12, after `user`.
#[track_caller]
fn check_metric(body: &str, expected: &str) {
    check(&format!("{PX}{SOURCE}{METRIC}\n{body}"), &expected.replace("@:", "pxtail.toml:15:"));
}

#[test]
fn every_mistake_of_one_file_is_shown_at_once() {
    let faults = refused(&Home::new(include_str!("horrible.toml")));
    assert_eq!(faults.trim_end(), include_str!("horrible.txt").trim_end());
}

#[test]
fn a_configuration_without_its_parts_says_how_they_are_written() {
    check(
        "",
        "pxtail.toml: the configuration has no `[px]`\n\
         help: add where events go:\n\n    \
         [px]\n    region = \"us\"\n    product_key = \"AP-XXXXXXXXXXXX-2\"\n    api_key_file = \"/etc/pxtail/api-key\"\n\
         pxtail.toml: the configuration has no `[[source]]`\n\
         help: add the log to follow:\n\n    \
         [[source]]\n    name = \"web\"\n    paths = [\"/var/log/nginx/*access.log\"]\n    pattern = \"combined\"\n\
         pxtail.toml: the configuration has no `[[metric]]`\n\
         help: add what to count:\n\n    \
         [[metric]]\n    name = \"hits\"\n    sources = [\"web\"]\n    event = \"Web Usage\"\n    time_zone = \"UTC\"\n    user = \"{user}\"",
    );
}

#[test]
fn syntax_faults_hide_only_their_own_echo() {
    // An unclosed quote takes its line; the other lines are still read.
    check(
        &format!("[px]\nregion = \"us\nproduct_key = 1\n{SOURCE}{METRIC}"),
        "pxtail.toml:2: not valid TOML at column 13: invalid basic string, expected `\"`\n\
         help: a key and its value are written key = value, texts in quotes; see https://toml.io\n\
         pxtail.toml:3: `product_key` of `[px]` is a whole number; expected a text in quotes\n\
         help: write product_key = \"1\"",
    );
    // An open bracket swallows what follows: nothing is said of that.
    check(
        &format!("[tail]\nwake = 1\n{PX}{SOURCE}exclude = [\"/a\"\nstart_at = 5\n{METRIC}[foo]\n"),
        "pxtail.toml:2: `wake` of `[tail]` is a whole number; expected a text in quotes\n\
         help: write wake = \"1\"\n\
         pxtail.toml:11: not valid TOML at column 1: missing comma between array elements, expected `,`\n\
         help: a list or table before it may be left open: look for a missing ] or }",
    );
    check(
        &format!("{PX}region = \"eu\"\n{SOURCE}{METRIC}"),
        "pxtail.toml:4: not valid TOML at column 1: duplicate key\nhelp: keep one of the two",
    );
}

#[test]
fn single_and_double_brackets_are_told_apart() {
    check(
        &format!("{PX}{METRIC}{}", SOURCE.replace("[[source]]", "[source]")),
        "pxtail.toml:10: `source` is no list of sections\nhelp: write [[source]], in double brackets",
    );
    check(
        &format!("{SOURCE}{METRIC}{}", PX.replace("[px]", "[[px]]").replace("\"us\"", "\"mars\"")),
        "pxtail.toml:11: `px` is a list; expected one section\nhelp: write [px], in single brackets\n\
         pxtail.toml:12: `region` of `[px]` is `mars`; expected `us`, `eu` or `us2`\nhelp: write region = \"us\", for instance",
    );
}

#[test]
fn faults_of_px() {
    let key = "product_key = \"AP-1\"\n";
    let lost = "help: write it as base_url = \"https://api.aptrinsic.com/v1\"";
    for (body, expected) in [
        (
            key.to_owned(),
            "pxtail.toml:11: `[px]` says neither `region` nor `base_url`\n\
             help: write region = \"us\" for PX itself (`us`, `eu` or `us2`), or base_url = \"http://127.0.0.1:8089/v1\" for a sandbox".to_owned(),
        ),
        (
            "region = \"us\"".to_owned(),
            "pxtail.toml:11: `[px]` has no `product_key`\n\
             help: write product_key = \"AP-XXXXXXXXXXXX-2\", as PX shows it under Administration, Products".to_owned(),
        ),
        (
            format!("region = \"uk\"\n{key}"),
            "@: `region` of `[px]` is `uk`; expected `us`, `eu` or `us2`\nhelp: write region = \"us\", for instance".to_owned(),
        ),
        (
            format!("base_url = \"px.example/v1\"\n{key}"),
            format!("@: `base_url` of `[px]` is no address: relative URL without a base\n{lost}"),
        ),
        (format!("base_url = \"ftp://px.example\"\n{key}"), format!("@: `base_url` of `[px]` is no https address\n{lost}")),
        (
            format!("base_url = \"https://px.example /\"\n{key}"),
            format!("@: `base_url` of `[px]` holds a space or control character\n{lost}"),
        ),
        (
            format!("base_url = \"https://me:pw@px.example\"\n{key}"),
            "@: `base_url` of `[px]` holds a user name or password\n\
             help: leave them out: PX takes the API key in a header of its own".to_owned(),
        ),
        (
            format!("base_url = \"https://me@px.example\"\n{key}"),
            "@: `base_url` of `[px]` holds a user name or password\n\
             help: leave them out: PX takes the API key in a header of its own"
                .to_owned(),
        ),
        (
            format!("base_url = \"https://px.example/v1?key=1\"\n{key}"),
            "@: `base_url` of `[px]` holds `?` or `#`\nhelp: end it with the version: https://api.aptrinsic.com/v1".to_owned(),
        ),
        (
            "product_key = \"\"\nregion = \"us\"".to_owned(),
            "@: `product_key` of `[px]` is empty\nhelp: write a text between the quotes, or leave the key out".to_owned(),
        ),
        (
            format!("api_key_file = \"5ecret\"\n{key}region = \"us\""),
            "@: `api_key_file` of `[px]` is no absolute path\n\
             help: write a path that begins with /: a service has no working directory of its own"
                .to_owned(),
        ),
        (
            format!("{key}region = \"us\"\nrequests_per_second = 0"),
            "pxtail.toml:14: `requests_per_second` of `[px]` is `0`; expected 0.01 to 200\n\
             help: all hosts share the subscription's 200 a second: give this host its part".to_owned(),
        ),
        (
            format!("{key}region = \"us\"\nrequests_per_second = nan"),
            "pxtail.toml:14: `requests_per_second` of `[px]` is `nan`; expected 0.01 to 200\n\
             help: all hosts share the subscription's 200 a second: give this host its part".to_owned(),
        ),
        (
            format!("{key}region = \"us\"\nrequests_per_day = 1_000_001"),
            "pxtail.toml:14: `requests_per_day` of `[px]` is `1000001`; expected 1 to 1_000_000\n\
             help: all hosts share the subscription's 1,000,000 a day: give this host its part".to_owned(),
        ),
    ] {
        check_px(&body, &expected);
    }
}

#[test]
fn faults_of_sources() {
    let paths = "paths = [\"/a\"]\n";
    for (body, expected) in [
        (
            paths.to_owned(),
            "pxtail.toml:10: source `web` has no `pattern`\n\
             help: write pattern = \"combined\", or the name of a file in patterns.d",
        ),
        (
            "pattern = \"web\"".to_owned(),
            "pxtail.toml:10: source `web` has no `paths`\nhelp: write paths = [\"/var/log/nginx/*access.log\"]",
        ),
        (
            "paths = \"/a\"\npattern = \"web\"".to_owned(),
            "@: `paths` of source `web` is a text; expected a list\nhelp: write paths = [\"/a\"]",
        ),
        (
            format!("{paths}pattern = \"wep\""),
            "pxtail.toml:13: `pattern` of source `web` names pattern `wep`, which is not there\n\
             help: did you mean `web`? `pxtail list patterns` shows all",
        ),
        (
            format!("{paths}pattern = \"web\"\nexclude = [\"*.gz\", \"/a{{b\"]"),
            "pxtail.toml:14: `exclude` of source `web` holds `/a{b`, which is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)\n\
             help: known are *, ?, [a-z], {one,other} and ** for directories; a sign itself is [*]",
        ),
        (
            "paths = [\"/var/{a,b/c}.log\"]\npattern = \"web\"".to_owned(),
            "@: `paths` of source `web` holds `/var/{a,b/c}.log`, which is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)\n\
             help: known are *, ?, [a-z], {one,other} and ** for directories; a sign itself is [*]",
        ),
        (
            format!("{paths}pattern = \"web\"\nexclude = [\"a/b\"]"),
            "pxtail.toml:14: `exclude` of source `web` holds `a/b`, which is not absolute\n\
             help: begin it with /: a service has no working directory of its own",
        ),
        (
            "paths = [\"/var/log/\"]\npattern = \"web\"".to_owned(),
            "@: `paths` of source `web` holds `/var/log/`, which is a directory; expected files\n\
             help: name the files in it: \"/var/log/*.log\"",
        ),
        (
            format!("{paths}pattern = \"web\"\ntime_zone = \"America/New_Yrok\""),
            "pxtail.toml:14: `time_zone` of source `web` is `America/New_Yrok`, which is no time zone\n\
             help: did you mean \"America/New_York\"?",
        ),
        (
            format!("{paths}pattern = \"web\"\ntime_zone = \"+02:00\""),
            "pxtail.toml:14: `time_zone` of source `web` is `+02:00`, which is no time zone\n\
             help: write an IANA name, such as \"America/New_York\", \"Europe/Paris\" or \"UTC\"",
        ),
    ] {
        check_source(&body, expected);
    }
}

#[test]
fn faults_of_metrics() {
    for (body, expected) in [
        (
            "window = \"7m\"",
            "@: `window` of metric `hits` does not divide the day evenly\n\
             help: write a length that goes evenly into 24 hours: \"1h\", \"30m\", \"15m\", \"5m\", or \"1d\"",
        ),
        (
            // 67.5 seconds divide the day, but the ledger keeps whole ones.
            "window = \"1m7s500ms\"",
            "@: `window` of metric `hits` does not divide the day evenly\n\
             help: write a length that goes evenly into 24 hours: \"1h\", \"30m\", \"15m\", \"5m\", or \"1d\"",
        ),
        (
            "window = \"30s\"",
            "@: `window` of metric `hits` is `30s`; expected 1m to 1d\n\
             help: the longest window is the day, \"1d\"; the shortest is \"1m\"",
        ),
        (
            "window = \"each\"",
            "@: `window` of metric `hits` is `each`, which is no span of time: it does not begin with a number\n\
             help: write whole numbers with d, h, m, s or ms: \"250ms\", \"30s\", \"15m\", \"1h30m\", \"1d\"",
        ),
        (
            "account = \"{a b}\"",
            "@: `account` of metric `hits` is `{a b}`: braces around what is no field's name at column 1\n\
             help: write {field}, or {field|text where it is absent}; a brace itself is {{ or }}",
        ),
        (
            "account = \"${account}\"",
            "@: `account` of metric `hits` uses the variable `account`, which is not set\n\
             help: set account in the environment of pxtail, or write ${account:-value}; a field of the line is written {account}, without the dollar",
        ),
        (
            "service_user = \"{user}\"",
            "@: `service_user` of metric `hits` is no plain id of at most 1,000 bytes\n\
             help: write one user's id, without fields or control characters",
        ),
    ] {
        check_metric(body, expected);
    }
}

#[test]
fn faults_of_properties_and_measures() {
    for (body, expected) in [
        (
            "attributes = {}",
            "@: metric `hits` has no key `attributes`\n\
             help: known are `account`, `date`, `event`, `grace`, `late`, `late_every`, `max_ahead`, `max_groups`, `measures`, `name`, `properties`, `seal_wait`, `service_user`, `sources`, `time_zone`, `user`, `where`, `window`",
        ),
        (
            "properties = { Count = \"{a}\" }",
            "@: metric `hits` has a property `Count` and no measures, so that its measure is `count`\n\
             help: name the property otherwise, or write [metric.measures]",
        ),
        (
            "properties = { \"a\\u0007\" = \"{a}\" }",
            "@: `properties.a\\u{7}` of metric `hits` has no plain name\n\
             help: write a name without control characters, or spaces around it",
        ),
        (
            "measures = { REVISION = \"count\" }",
            "@: `measures.REVISION` of metric `hits` takes a name that every event has already: `revision`\n\
             help: give it another name",
        ),
        (
            "properties = { a = \"{a}\" }\nmeasures = { A = \"count\" }",
            "pxtail.toml:16: `measures.A` of metric `hits` has the same name for PX as `a` at pxtail.toml:15\n\
             help: give one of them another name: capitals and small letters are one to PX",
        ),
        (
            "measures = { a = \"sum\", b = \"p95\", c = 1, d = { sum = \"{x}\" }, e = {} }",
            "@: `measures.a` of metric `hits` is `sum` without its field\n\
             help: write a = { sum = \"bytes\" }\n\
             @: `measures.b` of metric `hits` is `p95`; expected \"count\" or a table\n\
             help: write b = \"count\", or { sum = \"bytes\" }, min or max\n\
             @: `measures.c` of metric `hits` is a whole number; expected \"count\", or a table\n\
             help: write c = { sum = \"bytes\" }\n\
             @: `measures.d.sum` of metric `hits` is `{x}`, which is no field's name\n\
             help: write the field's name alone, without braces\n\
             @: `measures.e` of metric `hits` holds 0 of `sum`, `min` and `max`; expected one\n\
             help: write e = { sum = \"bytes\" }, one measure each",
        ),
    ] {
        check_metric(body, expected);
    }
}

#[test]
fn a_metric_that_says_too_little_or_too_much_is_refused() {
    let sources = "[[metric]]\nname = \"m\"\nsources = [\"web\"]\nevent = \"E\"\n";
    for (metric, expected) in [
        (
            "[[metric]]\n".to_owned(),
            "pxtail.toml:8: `[[metric]]` has no `name`\n\
             help: write name = \"api-usage\": it is a part of every event's id\n\
             pxtail.toml:8: `[[metric]]` has no `sources`\n\
             help: write sources = [\"web\"], with the names of the sources it counts\n\
             pxtail.toml:8: `[[metric]]` has no `event`\n\
             help: write event = \"API Usage\", the event's name in PX\n\
             pxtail.toml:8: `[[metric]]` counts by the day, but has no `time_zone` to say where a day begins\n\
             help: write time_zone = \"America/New_York\", the zone of your PX subscription, or \"UTC\"\n\
             pxtail.toml:8: `[[metric]]` has neither `user` nor `account`\n\
             help: write user = \"{user}\" and account = \"{account}\", with the fields that your pattern gives"
                .to_owned(),
        ),
        (
            format!("{sources}window = \"1h\"\naccount = \"{{a}}\""),
            "pxtail.toml:8: metric `m` counts per account alone, but PX needs a user for each event\n\
             help: write service_user = \"pxtail\", the id of a user in PX that stands in"
                .to_owned(),
        ),
        (
            METRIC.replace("[\"web\"]", "[]"),
            "pxtail.toml:10: `sources` of metric `hits` is empty\nhelp: name at least one source: [\"web\"]".to_owned(),
        ),
        (
            METRIC.replace("[\"web\"]", "[\"nginx\"]"),
            "pxtail.toml:10: `sources` of metric `hits` names source `nginx`, which is not there\nhelp: known are `web`".to_owned(),
        ),
        (
            METRIC.replace("\"Hits\"", &format!("\"{}\"", "é".repeat(2001))),
            "pxtail.toml:11: `event` of metric `hits` is longer than 2,000 characters\n\
             help: PX takes no longer name: shorten it"
                .to_owned(),
        ),
        (
            METRIC.replace("Hits", "a\\tb"),
            "pxtail.toml:11: `event` of metric `hits` holds a control character\n\
             help: write the name as PX shall show it"
                .to_owned(),
        ),
        (
            format!("{METRIC}{METRIC}"),
            "pxtail.toml:15: metric `hits` is there twice, first at pxtail.toml:9\n\
             help: give each metric a name of its own"
                .to_owned(),
        ),
    ] {
        check(&[PX, SOURCE, &metric].concat(), &expected);
    }
}

#[test]
fn the_fiftieth_attribute_is_taken_and_one_more_is_not() {
    let metric = |count: usize| {
        let measures: Vec<String> = (0..count).map(|index| format!("m{index} = \"count\"")).collect();
        let measures = measures.join("\n");
        Home::new(&format!("{PX}{SOURCE}{METRIC}[metric.measures]\n{measures}"))
    };
    assert!(metric(45).load().is_ok());
    assert_eq!(
        refused(&metric(46)),
        "pxtail.toml:8: metric `hits` has 51 properties and measures with the 5 that are always there; PX takes 50\n\
         help: leave some out, or make two metrics of it"
    );
    let named =
        |len: usize| Home::new(&format!("{PX}{SOURCE}{METRIC}measures = {{ {} = \"count\" }}", "a".repeat(len)));
    assert!(named(1024).load().is_ok());
    assert_eq!(
        refused(&named(1025)),
        format!(
            "pxtail.toml:14: the name `{}…` is longer than 1,024 characters\nhelp: PX takes no longer name: shorten it",
            "a".repeat(100)
        )
    );
}

#[test]
fn faults_of_conditions() {
    let range_help =
        "help: write \"200..400\" for 200 up to, but not, 400; \"500..\" or \"..10\" where one end is open";
    let regex_help = "help: write it in single quotes, as backslashes stay as they are there: regex = '^/api/v\\d+/'";
    for (condition, expected) in [
        ("{ range = \"..\" }", format!("@: `where.f.range` of metric `hits` is `..`, which is open at both ends\n{range_help}")),
        ("{ range = \"5\" }", format!("@: `where.f.range` of metric `hits` is `5`, which is no range\n{range_help}")),
        ("{ range = \"1..=5\" }", format!("@: `where.f.range` of metric `hits` is `1..=5`, whose ends are no numbers\n{range_help}")),
        ("{ range = \"5..5\" }", format!("@: `where.f.range` of metric `hits` is `5..5`, which holds no number\n{range_help}")),
        ("{ regex = '(a' }", format!("@: `where.f.regex` of metric `hits` is no regular expression: unclosed group\n{regex_help}")),
        (
            "{ regex = '(?!a)' }",
            "@: `where.f.regex` of metric `hits` is no regular expression: look-around, including look-ahead and look-behind, is not supported\n\
             help: say it with several tests: { regex = \"…\", not = { regex = \"…\" } }"
                .to_owned(),
        ),
        ("{ regex = 'a{1000}{1000}{1000}' }", format!("@: `where.f.regex` of metric `hits` is no regular expression: Compiled regex exceeds size limit of 10485760 bytes.\n{regex_help}")),
        (
            "{ prefix = \"\" }",
            "@: `where.f.prefix` of metric `hits` is empty, which fits every line\nhelp: leave the test out".to_owned(),
        ),
        (
            "{ prefix = 5 }",
            "@: `where.f.prefix` of metric `hits` is a whole number; expected a text in quotes, or a list of them\n\
             help: write prefix = \"…\""
                .to_owned(),
        ),
        (
            "{ suffix = [] }",
            "@: `where.f.suffix` of metric `hits` is an empty list, which nothing fits\nhelp: name at least one text".to_owned(),
        ),
        (
            "{ not = { prefix = \"a\", suffix = \"b\" } }",
            "@: `where.f.not` of metric `hits` holds 2 tests; expected one\n\
             help: a line fails several tests in more than one way: write a metric for each"
                .to_owned(),
        ),
        ("{ not = { not = 1 } }", "@: `where.f.not` of metric `hits` holds another `not`\nhelp: leave both out".to_owned()),
        (
            "{ glob = \"*\" }",
            "@: `where.f` of metric `hits` has no key `glob`\n\
             help: known are `contains`, `equal`, `exists`, `in`, `not`, `prefix`, `range`, `regex`, `suffix`"
                .to_owned(),
        ),
        (
            "[[1]]",
            "@: `where.f` of metric `hits` holds a list; expected a text, a number, `true` or `false`\nhelp: write \"…\"".to_owned(),
        ),
        ("inf", "@: `where.f` of metric `hits` is `inf`, which is no number here\nhelp: numbers go up to 10^20".to_owned()),
    ] {
        check_metric(&format!("where = {{ f = {condition} }}"), &expected);
    }
    check_metric(
        "where = { \"a b\" = 1 }",
        "@: `where.a b` of metric `hits`: `a b` is no field name\nhelp: use letters, digits, `_`, `-`, `.` and `@`",
    );
}

#[test]
fn names_are_plain_and_short() {
    let long = "a".repeat(100);
    for name in ["a", "9", "api-usage_2.b", &long] {
        super::loaded(&[PX, SOURCE, &METRIC.replace("\"hits\"", &format!("\"{name}\""))].concat());
    }
    let too_long = "a".repeat(101);
    for name in ["-a", ".a", "_a", "a b", "a/b", "é", "a\\u0000", "{a}", &too_long] {
        let faults = refused(&Home::new(&[PX, SOURCE, &METRIC.replace("\"hits\"", &format!("\"{name}\""))].concat()));
        assert!(faults.starts_with("pxtail.toml:9: `name` of `[[metric]]` is `"), "{name}: {faults}");
        assert!(faults.contains("which is no name\nhelp: use letters, digits"), "{name}: {faults}");
    }
    let blank = refused(&Home::new(&[PX, SOURCE, &METRIC.replace("Hits", "  ")].concat()));
    assert!(blank.starts_with("pxtail.toml:11: `event` of metric `hits` is empty"), "{blank}");
    let service = |len: usize| Home::new(&format!("{PX}{SOURCE}{METRIC}service_user = \"{}\"\n", "a".repeat(len)));
    assert!(service(1_000).load().is_ok());
    assert!(refused(&service(1_001)).contains("no plain id of at most 1,000 bytes"));
    let nameless = refused(&Home::new(&format!("{PX}{SOURCE}{METRIC}where = {{ \"\" = 1 }}\n")));
    assert!(nameless.contains("`` is no field name"), "{nameless}");
}

#[test]
fn a_source_whose_name_cannot_be_read_is_not_missed_by_a_metric() {
    check(
        &[PX, &SOURCE.replace("\"web\"\npaths", "\"w eb\"\npaths"), METRIC].concat(),
        "pxtail.toml:5: `name` of `[[source]]` is `w eb`, which is no name\n\
         help: use letters, digits, `-`, `_` and `.`; begin with a letter or digit; at most 100",
    );
}

#[test]
fn a_path_with_a_null_is_no_path() {
    check(
        &format!("{PX}{SOURCE}{METRIC}[agent]\nstate_dir = \"/a\\u0000b\"\n"),
        "pxtail.toml:15: `state_dir` of `[agent]` is no absolute path\n\
         help: write a path that begins with /: a service has no working directory of its own",
    );
    check(
        &[PX, &SOURCE.replace("/var/log/web.log", "/a\\u0000b"), METRIC].concat(),
        "pxtail.toml:6: `paths` of source `web` holds `/a\\u{0}b`, with a zero byte in it\nhelp: no file's name has one: take it out",
    );
}
