//! One file per command, and what they share.

mod airbyte;
mod answer;
mod auth;
mod check;
mod completions;
mod consent;
mod context;
mod demo;
mod door;
mod fields;
mod init;
mod maturation;
mod plan;
mod query;
mod reference;
mod sandbox;
mod schema;
mod singer;
mod status;
mod streams;
mod summary;
mod sync;
mod vacuum;
mod verify;
mod views;

use criteo_engine::catalog::Scope;

use crate::arguments::Command;
use crate::exit::Exit;

pub(crate) use context::Context;

/// Does what the command line says.
pub(crate) async fn run(command: &Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Init(arguments) => init::run(context, arguments).await,
        Command::Sync(arguments) => sync::run(context, arguments).await,
        Command::Plan(arguments) => plan::run(context, arguments).await,
        Command::Streams => streams::run(context),
        Command::Fields(arguments) => fields::run(context, arguments),
        Command::Status(arguments) if arguments.maturation => maturation::run(context).await,
        Command::Status(_) => status::run(context).await,
        Command::Query(arguments) => query::run(context, arguments).await,
        Command::Verify(arguments) => verify::run(context, arguments).await,
        Command::Vacuum(arguments) => vacuum::run(context, arguments).await,
        Command::Views(arguments) => views::run(context, arguments).await,
        Command::Check => check::run(context).await,
        Command::Consent(arguments) => consent::run(context, arguments).await,
        Command::Auth(command) => auth::run(context, command).await,
        Command::Sandbox(arguments) => sandbox::run(context, arguments).await,
        Command::Demo(arguments) => demo::run(context, arguments).await,
        Command::Airbyte(command) => airbyte::run(context, command).await,
        Command::Singer(arguments) => singer::run(context, arguments).await,
        Command::Completions(arguments) => completions::run(context, arguments),
        Command::Schema => schema::run(context),
        Command::Reference(arguments) => reference::run(context, arguments).await,
    }
}

/// A permission as Criteo's portal spells it.
fn permission(scope: Scope) -> &'static str {
    match scope {
        Scope::AnalyticsRead => "Analytics Read",
        Scope::CampaignRead => "Campaigns Read",
        Scope::CreativeRead => "Creatives Read",
    }
}
