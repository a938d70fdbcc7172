//! The table of causes as a guide.

use std::fmt::Write as _;

use super::{CAUSES, Link};

const INTRODUCTION: &str = "\
# Troubleshooting

<!-- Generated from the doctor's table of causes: change crates/engine/src/doctor/causes.rs instead. -->

`criteo check` walks every link of the chain between you and a sync that works, and names what is broken and the one
thing to do next. This page is the same table, to be read without running anything. In `criteo --json check`, `cause` is
the identifier below.

A link is not judged while one that it depends on is broken: mend the first red line, and run `criteo check` again. It
makes seven requests at most, five of which count against the quota (one of them a report), and leaves nothing behind.
";

/// `docs/guides/troubleshooting.md`, whole.
#[must_use]
pub fn troubleshooting() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n| what you see | line of `criteo check` | cause |\n|---|---|---|\n");
    for cause in CAUSES {
        let id = cause.id.as_str();
        line(
            &mut text,
            &format!(
                "| {} | {} | [`{id}`](#{id}) |",
                cause.seen,
                cause.link.name()
            ),
        );
    }
    for link in Link::ALL {
        let mut causes = CAUSES.iter().filter(|cause| cause.link == link).peekable();
        if causes.peek().is_none() {
            continue;
        }
        line(&mut text, &format!("\n## {}", heading(link)));
        for cause in causes {
            line(&mut text, &format!("\n### {}", cause.id.as_str()));
            line(&mut text, &format!("**{}.**\n", cause.seen));
            line(
                &mut text,
                &format!("* *Recognised by:* {}", cause.recognised),
            );
            line(&mut text, &format!("* *Why:* {}", cause.reason));
            line(&mut text, &format!("* *Do:* {}", cause.next));
        }
    }
    text
}

fn line(text: &mut String, content: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{content}");
}

/// The three permissions fail alike, so they are one chapter.
fn heading(link: Link) -> String {
    match link {
        Link::PermissionAnalytics => "Permissions".to_owned(),
        Link::Dns | Link::Tls | Link::ApiVersion => link.name().to_owned(),
        _ => {
            let name = link.name();
            let (first, rest) = name.split_at(1);
            format!("{}{rest}", first.to_uppercase())
        }
    }
}
