//! A guide as a list of things to do.

/// What a guide tells people to do, in order.
#[derive(Debug)]
pub(crate) struct Guide {
    pub(crate) blocks: Vec<Block>,
}

/// One thing to do or to see.
#[derive(Debug)]
pub(crate) enum Block {
    /// Commands to type.
    Commands(Commands),
    /// What the commands before it print; with `when`, if they end with one of these codes.
    Output {
        line: usize,
        text: String,
        when: Option<Vec<i32>>,
    },
    /// A file to write.
    File { name: String, text: String },
}

/// Commands to type, and how they may end.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) exit_codes: Vec<i32>,
    pub(crate) needs_packages: bool,
}

/// The comment before a block.
#[derive(Debug, Default)]
struct Directions {
    exit_codes: Option<Vec<i32>>,
    when: Option<Vec<i32>>,
    needs_packages: bool,
    file: Option<String>,
    /// What other tests may understand, and this one does not.
    unknown: Option<String>,
}

impl Guide {
    /// Reads a guide. What it cannot mean is refused, so that no block goes untested by a slip of the pen.
    pub(crate) fn parse(name: &str, text: &str) -> Guide {
        let mut blocks: Vec<Block> = Vec::new();
        let mut directions = Directions::default();
        let mut after_commands = false;
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let place = format!("{name}, line {}", index + 1);
            if let Some(comment) = line.trim().strip_prefix("<!--") {
                directions.read(comment.trim_end_matches("-->").trim());
                continue;
            }
            let Some(language) = line.strip_prefix("```") else {
                if !line.trim().is_empty() {
                    after_commands = false;
                    directions = Directions::default();
                }
                continue;
            };
            let mut inside = String::new();
            loop {
                let (_, line) = lines
                    .next()
                    .unwrap_or_else(|| panic!("{place}: the block has no end"));
                if line == "```" {
                    break;
                }
                inside.push_str(line);
                inside.push('\n');
            }
            let directions = std::mem::take(&mut directions);
            let was_after_commands = std::mem::take(&mut after_commands);
            if language == "sh"
                && let Some(comment) = directions.unknown
            {
                panic!("{place}: nobody knows what <!-- {comment} --> means for commands");
            }
            let is_output = directions.when.is_some();
            if is_output && language != "text" {
                panic!("{place}: only what commands print depends on how they end");
            }
            match (language, directions.file) {
                ("sh", None) => {
                    after_commands = true;
                    blocks.push(Block::Commands(Commands {
                        line: index + 1,
                        text: inside,
                        exit_codes: directions.exit_codes.unwrap_or_else(|| vec![0]),
                        needs_packages: directions.needs_packages,
                    }));
                }
                ("text", None) if was_after_commands || is_output => blocks.push(Block::Output {
                    line: index + 1,
                    text: inside,
                    when: directions.when,
                }),
                ("bash" | "shell" | "", _) => {
                    panic!("{place}: say `sh` for commands, `text` for what is only shown")
                }
                (_, Some(name)) => blocks.push(Block::File { name, text: inside }),
                // Shown only.
                _ => {}
            }
        }
        Guide { blocks }
    }
}

impl Directions {
    fn read(&mut self, comment: &str) {
        let codes = |written: &str| -> Vec<i32> {
            let codes = written.split_whitespace();
            codes.map(|code| code.parse().unwrap()).collect()
        };
        match comment.split_once(':') {
            Some(("exit", written)) => self.exit_codes = Some(codes(written)),
            Some(("when", written)) => self.when = Some(codes(written)),
            Some(("needs", what)) if what.trim() == "pypi" => self.needs_packages = true,
            Some(("file", name)) => self.file = Some(name.trim().to_owned()),
            _ => self.unknown = Some(comment.to_owned()),
        }
    }
}
