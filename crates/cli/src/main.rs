//! The `criteo` command: lands all data of a Criteo app in your own database.
//!
//! | module | |
//! |---|---|
//! | [`arguments`] | what can be typed |
//! | [`commands`] | what it does, one file per command |
//! | [`reporters`] | a run while it goes on: bars, lines or JSON |
//! | [`printer`], [`table`], [`page`], [`wording`] | results on stdout, words for people on stderr |
//! | [`exit`] | exit codes, and errors in words |
//! | [`signals`], [`logging`] | Ctrl-C; `-v` |
//! | [`trade_name`] | the command under the names that platforms know |

mod arguments;
mod commands;
mod exit;
mod logging;
mod page;
mod printer;
mod reporters;
mod signals;
mod table;
mod trade_name;
mod wording;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use commands::Context;
use printer::Printer;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse_from(trade_name::arguments(std::env::args_os()));
    let printer = Printer::new(&arguments.global);
    logging::start(arguments.global.verbose);
    let context = Context {
        global: arguments.global,
        printer,
        output: None,
    };
    let exit = match commands::run(&arguments.command, &context).await {
        Ok(exit) => exit,
        Err(error) => exit::report(&error, &printer),
    };
    exit.into()
}
