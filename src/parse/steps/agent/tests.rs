use std::collections::BTreeSet;

use super::{Agents, LIST, List, MEMO_LEN};
use crate::model::step::{AgentAnswer, AgentClass};

#[track_caller]
fn check(agent: &str, expected: &str) {
    let mut agents = Agents::new(AgentAnswer::Class);
    assert_eq!(agents.answer(agent.as_bytes()), Some(expected), "{agent}");
    assert_eq!(agents.answer(agent.as_bytes()), Some(expected), "{agent}, remembered");
}

#[test]
fn agents_are_of_the_class_that_their_makers_texts_say() {
    for (agent, class) in [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
        (
            "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0) Chrome/1 Safari/1",
            "bot",
        ),
        ("Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)", "bot"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", "bot"),
        ("AdsBot-Google (+http://www.google.com/adsbot.html)", "bot"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", "bot"),
        ("facebookexternalhit/1.1", "bot"),
        ("WhatsApp/2.23", "bot"),
        ("Slackbot-LinkExpanding 1.0", "bot"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
            "bot",
        ),
        ("kube-probe/1.29", "bot"),
        ("ELB-HealthChecker/2.0", "bot"),
        ("Prometheus/2.45.0", "bot"),
        ("check_http/v2.2 (monitoring-plugins 2.2)", "bot"),
        ("SomeFetcher/1.0 (+https://example.com/fetcher)", "bot"),
        ("curl/8.5.0", "tool"),
        ("Wget/1.21", "tool"),
        ("python-requests/2.31.0", "tool"),
        ("Go-http-client/1.1", "tool"),
        ("okhttp/4.12.0", "tool"),
        ("axios/1.6.2", "tool"),
        ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "tool"),
        ("PostmanRuntime/7.36.0", "tool"),
        ("Apache-HttpClient/4.5.14 (Java/17.0.9)", "tool"),
        ("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.1", "tool"),
        ("Boto3/1.34 md/Botocore#1.34", "tool"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "browser",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:120.0) Gecko/20100101 Firefox/120.0", "browser"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 Chrome/1 Mobile Safari/1", "browser"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/9)", "browser"),
        ("Lynx/2.8.9rel.1", "browser"),
        ("AcmeApp/5.1 (iPhone; iOS 17.1) CFNetwork/1474 Darwin/23.0.0", "other"),
        ("my curl/1 script", "other"),
        ("Botany/1.0", "other"),
        ("", "other"),
    ] {
        check(agent, class);
    }
}

#[test]
fn a_class_can_be_asked_for() {
    for (class, expected) in [(AgentClass::Bot, "false"), (AgentClass::Tool, "true"), (AgentClass::Browser, "false")] {
        assert_eq!(Agents::new(AgentAnswer::Is(class)).answer(b"curl/8.5.0"), Some(expected));
    }
}

#[test]
fn agents_in_one_place_of_the_memory_do_not_answer_for_each_other() {
    let mut agents = Agents::new(AgentAnswer::Class);
    for round in 0..3 {
        for index in 0..500 {
            let (bot, other) = (format!("x{index}bot/1"), format!("x{index}/1"));
            assert_eq!(agents.answer(bot.as_bytes()), Some("bot"), "{round}");
            assert_eq!(agents.answer(other.as_bytes()), Some("other"), "{round}");
        }
    }
    let long = format!("{} bot", "x".repeat(MEMO_LEN));
    assert_eq!(agents.answer(long.as_bytes()), Some("bot"));
    assert!(agents.memo.iter().all(|(text, _)| text.len() <= MEMO_LEN));
}

#[test]
fn each_line_of_the_list_decides_for_its_own_text() {
    let list = List::read(LIST).expect("the list can be read");
    let texts: Vec<&str> = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(list.lines.len(), texts.len());
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "a line is there twice");
    for line in texts {
        let (class, text) = line.split_once(' ').unwrap();
        let plain = text.trim_start_matches(['^', '<']).trim_end_matches('>');
        assert_eq!(list.class(plain.as_bytes()).name(), class, "{line}: an earlier line decides");
    }
}

#[test]
fn a_list_with_a_class_that_is_not_known_is_refused() {
    assert!(List::read("person ada\n").is_none());
    assert!(List::read("bot\n").is_none());
}
