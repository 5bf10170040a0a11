//! `telltale completions SHELL`: the script that completes commands and flags in a shell.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap_complete::Shell;

use super::client::{self, Failure};

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "bash: telltale completions bash > ~/.local/share/bash-completion/completions/telltale\n\
                        zsh:  telltale completions zsh > ~/.zfunc/_telltale (with ~/.zfunc in fpath)\n\
                        fish: telltale completions fish > ~/.config/fish/completions/telltale.fish")]
pub struct Args {
    /// The shell that reads the script
    shell: Shell,
}

/// Runs the command.
#[must_use]
pub fn main(args: &Args, command: clap::Command) -> ExitCode {
    let script = script(args.shell, command);
    client::run(async move { Ok::<(), Failure>(io::stdout().lock().write_all(&script)?) })
}

/// Returns the script.
fn script(shell: Shell, mut command: clap::Command) -> Vec<u8> {
    let mut out = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;

    /// Scenario: the script of every shell. Guarantees: each knows every command of the program.
    #[test]
    fn every_shell_completes_every_command() {
        let command = super::super::Cli::command();
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell, command.clone())).unwrap();
            for name in command.get_subcommands().map(clap::Command::get_name) {
                assert!(script.contains(name), "{shell}: no {name}");
            }
        }
    }
}
