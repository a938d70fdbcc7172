//! `criteo consent url`: signs a URL at which somebody can grant access.

use criteo_api::connector::ConsentRequest;
use criteo_engine::calendar::Clock;
use criteo_engine::config::{self, Environment};
use serde_json::json;

use super::Context;
use crate::arguments::ConsentUrlArguments;
use crate::exit::{Exit, UsageError};

/// Prints the URL, and what to do with it.
pub(super) fn run(context: &Context, arguments: &ConsentUrlArguments) -> anyhow::Result<Exit> {
    let printer = &context.printer;
    let environment = Environment::of_process();
    let found = config::connector_key(&environment)?;
    let page = config::consent_page(&environment)?;
    for warning in &found.warnings {
        printer.warning(warning);
    }
    let now = Clock::from_env()?.now();
    let request = ConsentRequest::new(&arguments.state, &arguments.redirect_uri, now)
        .map_err(|error| UsageError::new(error.to_string()))?;
    let url = found.key.consent_url(&page, &request);
    if printer.is_json() {
        printer.json(&json!({
            "url": url, "state": arguments.state, "redirect_uri": arguments.redirect_uri,
            "timestamp": now.as_second(),
        }))?;
        return Ok(Exit::Complete);
    }
    printer.data(url)?;
    printer.note(format_args!(
        "\nGive this URL to an Admin, Business Manager or Technical Manager of the advertiser's account: opened, it \
         lets them\nchoose accounts and approve. Then Criteo sends their browser to {} and posts a\ncallback with the \
         state {} to the URL registered for the Connector (`criteo consent listen` receives it),\nand the \
         advertisers appear in `criteo consent`. Make a new URL for each person, shortly before it is used.",
        arguments.redirect_uri, arguments.state
    ));
    Ok(Exit::Complete)
}
