//! Who may grant access, who did, and what changed since the last look.

use std::time::Duration;

use criteo_engine::calendar::Clock;
use criteo_engine::consent::memory::{Look, Memory, Recalled};
use criteo_engine::consent::{self, Change, GrantedAdvertiser};
use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use crate::commands::summary::without_consent;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::table::{Column, TextTable};
use crate::wording::{counted, size};

/// How access is granted, for people who have never done it.
const EXPLANATION: &str = "\
An app reads the advertisers whose people let it, and no others.

  who   an Admin, Business Manager or Technical Manager of the advertiser's account
  how   in Criteo's partner portal, open the app and press \"Generate new URL\"; that person opens the URL,
        chooses the accounts and approves
  note  a URL works once, within 30 days: generate one for each person. What several people grant adds up.
        Consent stays until somebody withdraws it
  then  the advertisers appear here, and `criteo sync` reads them; `criteo consent --watch` waits for it
";

/// How long the destination may take to say who was read before.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'look> {
    client_id: &'look str,
    granted: &'look [GrantedAdvertiser],
    /// When somebody looked before, on this machine.
    last_look: Option<Timestamp>,
    /// Since then; null at the first look.
    change: Option<&'look Change>,
    /// Advertisers that have rows in the destination and are not granted any more; null where it cannot tell.
    departed: Option<&'look [String]>,
}

/// Shows all of it, and remembers what it has shown.
pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let printer = &context.printer;
    let (client, client_id) = super::client(context)?;
    if !printer.is_json() {
        printer.note(EXPLANATION);
    }
    let granted = consent::granted(&client).await?;
    let diary = Diary::open(printer, client_id);
    let last = diary.last.as_ref();
    let change = last.map(|look| Change::between(&look.advertisers, &granted));
    if printer.is_json() {
        let departed = departed(context, &granted).await;
        printer.json(&Report {
            client_id: &diary.client_id,
            granted: &granted,
            last_look: last.map(|look| look.at),
            change: change.as_ref(),
            departed: departed.as_deref(),
        })?;
    } else {
        print(printer, &granted)?;
        match (last, &change) {
            (Some(look), Some(change)) => {
                printer.note(format_args!("\n{}", since(look.at, change)));
            }
            _ => printer.note("\nThe next look will say what changed since this one."),
        }
        // What Criteo says stands there already, should the destination take its time.
        let departed = departed(context, &granted).await.unwrap_or_default();
        if let Some(words) = without_consent(&departed, "the first lines say how") {
            printer.note("");
            printer.warning(&words);
        }
    }
    diary.write(printer, granted)?;
    Ok(Exit::Complete)
}

/// Who was read before and is not granted now, as far as there is a destination that can be asked without a long wait.
/// It may be out of reach, busy or not there yet: who is granted is Criteo's to say, not its.
async fn departed(context: &Context, granted: &[GrantedAdvertiser]) -> Option<Vec<String>> {
    let config = context.configuration().ok()?;
    let asked = tokio::time::timeout(PATIENCE, consent::departed(&config, granted)).await;
    match asked {
        Ok(Ok(departed)) => departed,
        Ok(Err(error)) => {
            tracing::debug!(%error, "The destination cannot tell who was read before");
            None
        }
        Err(_) => None,
    }
}

/// The advertisers as a table.
pub(super) fn print(printer: &Printer, granted: &[GrantedAdvertiser]) -> std::io::Result<()> {
    if granted.is_empty() {
        printer.note("No advertiser is granted yet.");
        return Ok(());
    }
    printer.note(format_args!(
        "Granted now: {}\n",
        counted(size(granted.len()), "advertiser")
    ));
    print_rows(printer, granted)
}

/// Advertisers as a table, without a word around it.
pub(super) fn print_rows(
    printer: &Printer,
    advertisers: &[GrantedAdvertiser],
) -> std::io::Result<()> {
    let mut table = TextTable::new(&[Column::Words("ADVERTISER"), Column::Words("NAME")]);
    for advertiser in advertisers {
        let name = advertiser.name.clone().unwrap_or_default();
        table.row([advertiser.id.clone(), name]);
    }
    printer.data(table.render())
}

/// A change in words, a line for each advertiser.
pub(super) fn since(at: Timestamp, change: &Change) -> String {
    let at = at.strftime("%F %R");
    if change.is_empty() {
        return format!("Nothing changed since the last look, {at} UTC.");
    }
    format!("Since the last look, {at} UTC:{}", lines(change))
}

/// The lines of a change, each beginning with a line break.
pub(super) fn lines(change: &Change) -> String {
    let named = |advertiser: &GrantedAdvertiser| match &advertiser.name {
        Some(name) => format!("{} ({name})", advertiser.id),
        None => advertiser.id.clone(),
    };
    let unnamed = || "no name".to_owned();
    let appeared = change
        .appeared
        .iter()
        .map(|one| format!("\n  granted    {}", named(one)));
    let gone = change
        .gone
        .iter()
        .map(|one| format!("\n  withdrawn  {}", named(one)));
    let renamed = change.renamed.iter().map(|one| {
        let before = one.before.clone().unwrap_or_else(unnamed);
        let now = one.now.clone().unwrap_or_else(unnamed);
        format!("\n  renamed    {}, from {before} to {now}", one.id)
    });
    appeared.chain(gone).chain(renamed).collect()
}

/// The memory of one app's looks. Where there is none, looks are not compared, and somebody is told.
pub(super) struct Diary {
    pub(super) client_id: String,
    pub(super) last: Option<Look>,
    memory: Option<Memory>,
}

impl Diary {
    pub(super) fn open(printer: &Printer, client_id: String) -> Diary {
        let memory = Memory::of_user();
        let last = match memory.as_ref().map(|memory| memory.recall(&client_id)) {
            Some(Recalled::Look(look)) => Some(look),
            Some(Recalled::Nothing) => None,
            Some(Recalled::Damaged { path, reason }) => {
                printer.warning(&format!(
                    "The last look cannot be read from {} ({reason}); this one takes its place",
                    path.display()
                ));
                None
            }
            None => {
                printer.warning(
                    "Neither XDG_STATE_HOME nor HOME is set, so this look cannot be remembered",
                );
                None
            }
        };
        Diary {
            client_id,
            last,
            memory,
        }
    }

    /// Remembers this look. That it cannot be is worth a warning, not an error: what was asked for has been shown.
    pub(super) fn write(
        &self,
        printer: &Printer,
        advertisers: Vec<GrantedAdvertiser>,
    ) -> anyhow::Result<()> {
        let Some(memory) = &self.memory else {
            return Ok(());
        };
        let at = Clock::from_env()?.now();
        if let Err(error) = memory.remember(&self.client_id, Look { at, advertisers }) {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            printer.warning(&format!("{error}: {}", cause.unwrap_or_default()));
        }
        Ok(())
    }
}
