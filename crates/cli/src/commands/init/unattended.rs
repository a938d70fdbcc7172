//! Everything without a terminal: answers from options and environment, each test, and nothing written unless all pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use criteo_api::Credentials;
use criteo_engine::calendar::Clock;
use criteo_engine::config::key_store::{DEFAULT_CONNECTION, is_same};
use criteo_engine::config::{self, Config, ConfigError, Environment, KeyPlace};
use criteo_engine::consent::{GrantedAdvertiser, Watch, WatchOutcome, watch};
use criteo_engine::doctor::{KeyEvidence, KeyFingerprint, KeyTrial, try_destination, try_key};
use criteo_engine::{Engine, Plan, Selection, StreamSpec, destination};
use criteo_setup::answers::days_before;
use criteo_setup::draft::lost;
use criteo_setup::missing::missing;
use criteo_setup::{AdvertiserChoice, Answers, Draft, KeyHolder};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::session::{client_options, connection, key_place};
use super::{given, key, permissions};
use crate::arguments::InitArguments;
use crate::commands::context::note_accepted_key;
use crate::commands::{Context, auth, plan};
use crate::exit::{Exit, UsageError};
use crate::reporters::Warnings;
use crate::wording::{count, counted, size, span};

/// The pause between two tries of a key, and between two looks for consent.
const PAUSE: Duration = Duration::from_secs(10);

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    configuration: PathBuf,
    backup: Option<PathBuf>,
    client_id: String,
    app: Option<String>,
    granted: Vec<GrantedAdvertiser>,
    plan: Plan,
}

/// A key, and where it is from.
struct Given {
    credentials: Credentials,
    holder: KeyHolder,
    /// The file it is in, which tells its age.
    file: Option<PathBuf>,
}

/// Sets everything up, or says what is missing or does not work.
pub(super) async fn run(context: &Context, arguments: &InitArguments) -> anyhow::Result<Exit> {
    let environment = Environment::of_process();
    let path = &context.global.config;
    let mut answers = given::answers(arguments)?;
    let config = connection(&environment)?;
    let key = given_key(context, arguments, &config, &environment)?;
    let key = match (key, missing(&answers, false).len()) {
        // Of all that can be missing, only the key is.
        (Some(key), 1) => key,
        (key, _) => return Err(unanswered(&answers, key.is_some()).into()),
    };
    refuse_existing(path, arguments)?;
    refuse_other_key(context, &environment, &key)?;
    answers.start_date = Some(match answers.start_date {
        Some(day) => day,
        None => days_before(answers.today(Clock::from_env()?.now()), 90),
    });

    let deadline = Instant::now() + arguments.wait.unwrap_or_default();
    let app = accepted(context, &config, &key, deadline).await?;
    let granted = granted(context, &config, &key, deadline).await?;
    named(&mut answers, &granted)?;
    let (printer, credentials) = (&context.printer, &key.credentials);
    permissions::warn_of_permissions(printer, &config, credentials, &granted, &answers.streams)
        .await?;

    let today = answers.today(Clock::from_env()?.now());
    let text = criteo_setup::document::configuration(
        &answers,
        today,
        &key_place(Some(&key.holder)),
        config.criteo.api_url.as_deref(),
    )
    .map_err(UsageError::new)?;
    // Only for a moment: whoever is killed while Criteo is asked leaves nothing behind.
    let mut config = Draft::write(path, &text)?.config()?;
    config.apply_environment(&environment)?;
    {
        // Closed before the plan opens it anew: a file is open once.
        let destination = destination::open(&config);
        let specs = StreamSpec::resolve_all(&config)?;
        try_destination(destination.as_ref(), &specs)
            .await
            .map_err(criteo_engine::EngineError::from)?;
    }
    let reporter = Arc::new(Warnings::new(context.printer));
    let plan = Engine::open(&config, key.credentials.clone(), reporter)?
        .plan(&Selection::default())
        .await?;

    if let Ok(existing) = std::fs::read_to_string(path) {
        let lost = lost(&existing, &text);
        if !lost.is_empty() {
            context.printer.warning(&format!(
                "Not taken over from the file that was there, of which a copy is kept: {}",
                lost.join(", ")
            ));
        }
    }
    keep(context, arguments, &environment, &key)?;
    note_accepted_key(&KeyFingerprint::of(&key.credentials));
    let written = Draft::write(path, &text)?.commit()?;
    let printer = &context.printer;
    if printer.is_json() {
        printer.json(&Report {
            configuration: written.path,
            backup: written.backup,
            client_id: key.credentials.client_id,
            app,
            granted,
            plan,
        })?;
        return Ok(Exit::Complete);
    }
    if let Some(backup) = &written.backup {
        printer.note(format_args!(
            "The file that was there before is now {}.",
            backup.display()
        ));
    }
    let all = counted(size(granted.len()), "granted advertiser");
    let of_granted = match plan.advertisers {
        some if some < granted.len() => format!("{} of {all}", count(size(some))),
        _ => all,
    };
    printer.note(format_args!(
        "{} is written, for {of_granted}. What the next sync takes: {}",
        written.path.display(),
        plan::cost(&plan)
    ));
    if let Some(address) = &config.criteo.api_url {
        printer.note(format_args!(
            "CRITEO_API_URL is set here, so the file says `api_url`, too: every later run asks {address} and not Criteo."
        ));
    }
    printer.note(format_args!(
        "Next: `criteo {}sync`",
        context.config_option()
    ));
    Ok(Exit::Complete)
}

/// The key of the options, or else the one that commands would use; none when there is none.
fn given_key(
    context: &Context,
    arguments: &InitArguments,
    config: &Config,
    environment: &Environment,
) -> anyhow::Result<Option<Given>> {
    let Some(path) = &arguments.key_file else {
        let store = context.key_store(environment);
        return match config::credentials_from(&config.criteo, environment, &store) {
            Ok(found) => Ok(Some(Given {
                credentials: found.credentials,
                holder: match &found.place {
                    KeyPlace::Store(_) => KeyHolder::Store,
                    KeyPlace::Environment | KeyPlace::File(_) => KeyHolder::Environment,
                },
                file: match found.place {
                    KeyPlace::File(path) => Some(path),
                    KeyPlace::Environment | KeyPlace::Store(_) => None,
                },
            })),
            Err(ConfigError::NoKey { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        };
    };
    let file = (path != Path::new("-")).then(|| path.clone());
    Ok(Some(Given {
        credentials: auth::read_key(context, path)?,
        holder: file.clone().map_or(KeyHolder::Nowhere, KeyHolder::File),
        file,
    }))
}

fn unanswered(answers: &Answers, has_key: bool) -> UsageError {
    let mut message = "Without questions, these answers are missing:".to_owned();
    for one in missing(answers, has_key) {
        message.push_str(&format!("\n  {:<16} {}", one.what, one.how));
    }
    UsageError::new(message)
        .with_hint("`criteo init --help` shows an example; without --non-interactive it asks.")
}

fn refuse_existing(path: &Path, arguments: &InitArguments) -> Result<(), UsageError> {
    if path.exists() && !arguments.overwrite {
        return Err(
            UsageError::new(format!("{} is there already", path.display())).with_hint(
                "--overwrite replaces it and keeps a copy; --config names another file.",
            ),
        );
    }
    Ok(())
}

/// A kept key of another id is somebody's working key, and this is not the place to forget it.
fn refuse_other_key(
    context: &Context,
    environment: &Environment,
    key: &Given,
) -> anyhow::Result<()> {
    if matches!(key.holder, KeyHolder::Store | KeyHolder::Environment) {
        return Ok(());
    }
    let kept = context.key_store(environment).load(DEFAULT_CONNECTION);
    let kept = kept.map_err(ConfigError::from)?.key;
    match kept {
        Some(kept) if !is_same(&kept.credentials, &key.credentials) => {
            let id = &kept.credentials.client_id;
            Err(UsageError::new(format!("Another key, {id}, is kept already"))
                .with_hint(
                    "`criteo auth rotate FILE` changes to another key of the same app, `criteo auth remove` forgets the kept \
                     one.",
                )
                .into())
        }
        _ => Ok(()),
    }
}

/// Tests the key until Criteo accepts it or the time is up. Gives the name of the app.
async fn accepted(
    context: &Context,
    config: &Config,
    key: &Given,
    deadline: Instant,
) -> anyhow::Result<Option<String>> {
    let evidence = KeyEvidence {
        received: key.file.as_deref().and_then(key::written),
        ..KeyEvidence::default()
    };
    loop {
        let trial = try_key(client_options(config)?, key.credentials.clone(), &evidence).await?;
        let left = deadline.saturating_duration_since(Instant::now());
        match trial {
            KeyTrial::Accepted { app } => return Ok(app),
            KeyTrial::Refused { verdict, error } if left.is_zero() => {
                if let Some(wait) = verdict.worth_waiting {
                    context.printer.warning(&format!(
                        "The key is new, so it may only not be active yet, which takes {} more at most; --wait 15m waits \
                         for it",
                        span(wait)
                    ));
                }
                return Err(error.into());
            }
            KeyTrial::Unjudged { error, .. } if left.is_zero() => return Err(error.into()),
            KeyTrial::Refused { .. } => context.printer.note(format_args!(
                "Criteo does not accept the key yet; trying for {} more",
                span(left)
            )),
            KeyTrial::Unjudged { error, .. } => context.printer.note(format_args!(
                "Criteo cannot be asked about the key; trying for {} more: {error}",
                span(left)
            )),
        }
        tokio::time::sleep(PAUSE.min(left)).await;
    }
}

/// Looks for advertisers until one is granted or the time is up.
async fn granted(
    context: &Context,
    config: &Config,
    key: &Given,
    deadline: Instant,
) -> anyhow::Result<Vec<GrantedAdvertiser>> {
    let reporter = Arc::new(Warnings::new(context.printer));
    let client = criteo_engine::client(config, key.credentials.clone(), reporter)?;
    let granted = criteo_engine::consent::granted(&client).await?;
    if !granted.is_empty() {
        return Ok(granted);
    }
    let left = deadline.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        context.printer.note(format_args!(
            "No advertiser has consented so far; waiting {} more",
            span(left)
        ));
        let options = Watch {
            known: Some(Vec::new()),
            pause: PAUSE,
            timeout: Some(left),
        };
        let stop = CancellationToken::new();
        if let WatchOutcome::Appeared { granted, .. } =
            watch(&client, options, &stop, |_| {}).await?
        {
            return Ok(granted);
        }
    }
    let cause = criteo_engine::doctor::CauseId::NoConsent.cause();
    bail!("{}. {}", cause.seen, cause.next)
}

/// Gives the chosen advertisers their names, and refuses those that nobody granted.
fn named(answers: &mut Answers, granted: &[GrantedAdvertiser]) -> Result<(), UsageError> {
    let Some(AdvertiserChoice::Only(only)) = &mut answers.advertisers else {
        return Ok(());
    };
    for one in only {
        let Some(known) = granted.iter().find(|known| known.id == one.id) else {
            let ids: Vec<&str> = granted.iter().map(|known| known.id.as_str()).collect();
            return Err(UsageError::new(format!(
                "--advertiser {} has not consented to this app",
                one.id
            ))
            .with_hint(format!("These have: {}.", ids.join(", "))));
        };
        one.name.clone_from(&known.name);
    }
    Ok(())
}

fn keep(
    context: &Context,
    arguments: &InitArguments,
    environment: &Environment,
    key: &Given,
) -> anyhow::Result<()> {
    if matches!(key.holder, KeyHolder::Store | KeyHolder::Environment) {
        return Ok(());
    }
    let store = context.key_store(environment);
    let stored = store
        .store(DEFAULT_CONNECTION, &key.credentials, arguments.store.into())
        .map_err(ConfigError::from)?;
    for note in &stored.notes {
        context.printer.warning(note);
    }
    context.printer.note(format_args!(
        "The key {} is kept in {}.",
        key.credentials.client_id, stored.place
    ));
    Ok(())
}
