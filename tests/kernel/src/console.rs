//! The console blocks of the notes: what a reader types and what they then see.
//!
//! ````text
//! ```console
//! # A comment.
//! $ ping -c 1 192.0.2.2 | \
//!     head -2
//! PING 192.0.2.2 (192.0.2.2) 56(84) bytes of data.
//! 64 bytes from 192.0.2.2: icmp_seq=1 ttl=64 time=[..] ms
//! ```
//! ````
//!
//! All blocks of a note are typed into one shell, in order, in the project's folder. `[..]`
//! stands for anything within a line and a line `...` for any lines. A program that is put in the
//! background with `&` prints whenever it does, so send what it prints to a file. A block that
//! cannot be run says why: `console,not-run needs two machines`.

use std::process::Stdio;

use crate::lab::quote;
use crate::{Lab, Process, project_folder};

/// A block of a note that can be run.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it stands: the number of its first line.
    pub line: usize,
    /// The commands in it, in order.
    pub steps: Vec<Step>,
}

/// A command and what it prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What is typed, without the prompt. Several lines if all but the last end in a backslash.
    pub command: String,
    /// What is printed, with wildcards.
    pub printed: String,
}

/// The console blocks of a note, but for those that are only to be shown.
///
/// # Errors
/// Says what is wrong with a block, and where.
pub fn blocks(note: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut lines = note.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.trim_start().strip_prefix("```") else { continue };
        let block: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| !line.trim_start().starts_with("```"))
            .collect();
        match kind.split_once(' ').map_or((kind, ""), |(kind, reason)| (kind, reason.trim())) {
            ("console", "") => {
                let line = number + 2;
                let steps = steps(&block).map_err(|wrong| format!("line {line}: {wrong}"))?;
                blocks.push(Block { line, steps });
            }
            ("console,not-run", "") => {
                return Err(format!("line {}: say why the block is not run", number + 1));
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn steps(block: &[&str]) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut continued = false;
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            continued = command.ends_with('\\');
            steps.push(Step { command: command.to_owned(), printed: String::new() });
            continue;
        }
        if line.starts_with("# ") {
            continue;
        }
        let Some(step) = steps.last_mut() else {
            return Err(format!("begins without a command: '{line}'"));
        };
        if continued {
            continued = line.ends_with('\\');
            step.command += "\n";
            step.command += line;
        } else {
            step.printed += line;
            step.printed += "\n";
        }
    }
    Ok(steps)
}

/// The blocks as a reader would see them, with what `printed` says of each step.
#[must_use]
pub fn transcript(blocks: &[Block], mut printed: impl FnMut(&Step) -> String) -> String {
    let mut transcript = String::new();
    for Block { line, steps } in blocks {
        transcript += &format!("line {line}:\n");
        for step in steps {
            transcript += &format!("$ {}\n", step.command);
            // Some programs print blanks at the ends of lines, where nobody sees them.
            for line in printed(step).lines() {
                transcript += line.trim_end();
                transcript.push('\n');
            }
        }
    }
    transcript
}

/// A shell in a lab that is typed into.
#[derive(Debug)]
pub struct Session<'lab> {
    shell: Process<'lab>,
    /// How much of what it printed has been read, in bytes.
    read: usize,
}

impl<'lab> Session<'lab> {
    /// What the shell prints when a command has ended.
    const END: &'static str = "\n-- the command has ended --\n";

    /// A fresh shell in the project's folder.
    #[must_use]
    pub fn new(lab: &'lab Lab) -> Self {
        let command = format!("cd {} && exec bash 2>&1", quote(project_folder()));
        Self { shell: lab.start(&command, Stdio::piped()), read: 0 }
    }

    /// Types a command and returns what is printed until it ends.
    #[track_caller]
    pub fn run(&mut self, command: &str) -> String {
        // The command must not read what is typed after it.
        let line = format!("eval {} </dev/null; printf %s {}", quote(command), quote(Self::END));
        let printed = self.shell.converse(&line, self.read, Self::END);
        self.read += printed.len() + Self::END.len();
        printed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = r#"
```console
# First make it.
$ tun-up && \
    echo done
done
$ true
```
```console,not-run needs two machines
$ ssh elsewhere
```
```rust
$ not a command
```
"#;

    #[test]
    fn a_block_is_commands_each_with_what_it_prints() {
        let command = "tun-up && \\\n    echo done".to_owned();
        let printed = "done\n".to_owned();
        let steps = vec![
            Step { command, printed },
            Step { command: "true".to_owned(), printed: String::new() },
        ];
        assert_eq!(blocks(NOTE), Ok(vec![Block { line: 3, steps }]));
    }

    #[test]
    fn a_transcript_reads_as_the_block_did_but_for_comments() {
        let read = transcript(&blocks(NOTE).unwrap(), |step| step.printed.clone());
        assert_eq!(read, "line 3:\n$ tun-up && \\\n    echo done\ndone\n$ true\n");
    }

    #[test]
    fn a_block_that_cannot_be_meant_is_refused_with_its_line() {
        let no_command = blocks("\n```console\nprinted by nobody\n```");
        assert_eq!(
            no_command.unwrap_err(),
            "line 3: begins without a command: 'printed by nobody'"
        );
        let no_reason = blocks("```console,not-run\n```");
        assert_eq!(no_reason.unwrap_err(), "line 1: say why the block is not run");
    }
}
