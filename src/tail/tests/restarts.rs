//! What a restart finds again, and what it leaves behind.

use super::*;

/// Files that were rotated away unseen, found again and again by an agent that never gets to read them.
#[test]
fn files_that_are_found_and_not_read_have_one_row_however_often_the_agent_starts() {
    for glob in ["a.log", "a.log*"] {
        for renumbers in [0, 1] {
            let mut rig = Rig::new(glob);
            rig.append("a.log", "0\n");
            rig.round();
            let mut expected = vec!["0".to_owned()];
            for number in 1..=3 {
                rotate(&rig);
                rig.append("a.log", &format!("{number}\n"));
                expected.push(number.to_string());
            }
            for _ in 0..20 {
                rig.crash();
                rig.pass(Duration::from_secs(1));
                rig.scan();
                rig.commit();
                for _ in 0..renumbers {
                    rotate(&rig);
                    rig.append("a.log", "");
                }
            }
            let rows: Vec<_> = rig.ledger.values().map(|row| (&row.path, row.offset, row.finished)).collect();
            assert!(rig.ledger.len() <= 4 + 20 * renumbers + 1, "{glob}: {rows:?}");
            rig.settle();
            rig.check(&expected.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

/// As `logrotate` with many generations: `.1` becomes `.2`, and so on.
fn rotate(rig: &Rig) {
    for number in (0..60).rev() {
        let name = |number: u32| if number == 0 { "a.log".to_owned() } else { format!("a.log.{number}") };
        if rig.path(&name(number)).exists() {
            rig.rename(&name(number), &name(number + 1));
        }
    }
}
