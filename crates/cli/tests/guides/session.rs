//! A shell session as the reader of a guide has it.

use std::path::Path;
use std::process::Command;

use criteo_sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
use tempfile::TempDir;

/// Saves what the next block has to find as this one leaves it: variables and the current folder.
const REMEMBER: &str = r#"
trap 'code=$?; { export -p; echo "cd \"$PWD\""; } > "$GUIDE_SESSION"; exit $code' EXIT
set -e
"#;

/// An empty folder, a home with a downloaded key, and a shell that remembers what was exported.
pub(crate) struct Session {
    root: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// How the commands of a block ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    /// What they said, on either stream.
    pub(crate) output: String,
}

impl Ended {
    /// Whether they ended because pip had nowhere to get a package from.
    pub(crate) fn lacks_packages(&self) -> bool {
        let signs = [
            "No matching distribution",
            "ensurepip is not",
            "python3: not found",
            "No module named venv",
        ];
        self.code != 0 && signs.iter().any(|sign| self.output.contains(sign))
    }
}

impl Session {
    /// A new reader, whose calls to Criteo reach the sandbox at `url`.
    pub(crate) fn new(url: &str, calls_per_minute: u32) -> Session {
        let root = tempfile::tempdir().unwrap();
        let downloads = root.path().join("home/Downloads");
        std::fs::create_dir_all(&downloads).unwrap();
        std::fs::create_dir(root.path().join("folder")).unwrap();
        std::fs::write(
            downloads.join("criteo-key.txt"),
            format!("client_id: {DEMO_CLIENT_ID}\r\nclient_secret: {DEMO_CLIENT_SECRET}\r\n"),
        )
        .unwrap();
        let session_file = root.path().join("session");
        std::fs::write(&session_file, "").unwrap();

        let programs = Path::new(env!("CARGO_BIN_EXE_criteo")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let calls = calls_per_minute.to_string();
        let environment = vec![
            ("PATH", format!("{}:{path}", programs.display())),
            ("HOME", root.path().join("home").display().to_string()),
            ("GUIDE_SESSION", session_file.display().to_string()),
            ("CRITEO_API_URL", url.to_owned()),
            // The keyring of whoever runs the tests is none of their business.
            ("CRITEO_KEYRING", "off".to_owned()),
            ("CRITEO_REPORT_CALLS_PER_MINUTE", calls.clone()),
            ("CRITEO_CALLS_PER_MINUTE", calls),
        ];
        Session { root, environment }
    }

    /// Types the commands of one block.
    pub(crate) fn run(&self, commands: &str) -> Ended {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!(". \"$GUIDE_SESSION\"\n{REMEMBER}{commands}"))
            .current_dir(self.root.path().join("folder"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CRITEO_") || name.starts_with("XDG_") || name == "NO_COLOR" {
                shell.env_remove(&*name);
            }
        }
        let ended = shell.envs(self.environment.clone()).output().unwrap();
        let mut output = String::from_utf8(ended.stdout).unwrap();
        output.push_str(&String::from_utf8(ended.stderr).unwrap());
        Ended {
            code: ended.status.code().unwrap_or(-1),
            output,
        }
    }

    /// Writes a file into the folder in which the session is.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let here = self.run("pwd");
        std::fs::write(Path::new(here.output.trim()).join(name), text).unwrap();
    }
}

/// Whether each line of `expected` is in `output`, in this order. Blanks are one blank and every number is like every
/// other; a line `...` stands for any, and a line that ends in ` ...` for any that begins like it. The first line that
/// is missing otherwise.
pub(crate) fn same_but_for_numbers(expected: &str, output: &str) -> Result<(), String> {
    // The order holds within each stream; people see both as one.
    let mut printed = output.lines().map(without_numbers);
    for line in expected.lines().filter(|line| !line.trim().is_empty()) {
        if line.trim() == "..." {
            continue;
        }
        let wanted = without_numbers(line);
        let is_there = match wanted.strip_suffix(" ...") {
            Some(beginning) => printed.any(|line| line.starts_with(beginning)),
            None => printed.any(|line| line == wanted),
        };
        if !is_there {
            return Err(line.to_owned());
        }
    }
    Ok(())
}

/// `2026-01-31  1,495 rows` as `# # rows`.
fn without_numbers(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let mut text = String::new();
        let mut characters = word.chars().peekable();
        while let Some(character) = characters.next() {
            if !character.is_ascii_digit() {
                text.push(character);
                continue;
            }
            text.push('#');
            while let Some(next) = characters.peek() {
                if !next.is_ascii_digit() && !matches!(next, ',' | '.' | '-' | ':' | '/') {
                    break;
                }
                characters.next();
            }
        }
        text
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_may_differ_and_words_may_not() {
    let output = "STREAM  ROWS\ncampaigns   12\nads  1,495\n\nLoaded 12 rows.\n";
    let same = |expected: &str| same_but_for_numbers(expected, output);
    assert_eq!(same("STREAM ROWS\n...\nads 7\nLoaded 1 rows.\n"), Ok(()));
    assert_eq!(same("coupons 12\n"), Err("coupons 12".to_owned()));
    assert_eq!(
        same("ads 7\ncampaigns 12\n"),
        Err("campaigns 12".to_owned())
    );
}
