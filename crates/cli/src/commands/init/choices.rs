//! Currency, time zone, first day and streams.

use std::collections::BTreeSet;

use criteo_setup::answers::{
    check_currency, check_start, check_time_zone, days_before, two_years_before,
};
use criteo_setup::locality::{fit_of_zone, suggested_currency, suggested_time_zone, time_zones};
use criteo_setup::streams::{StreamOffer, changes, is_on, offers};
use jiff::civil::Date;

use super::ask::Detour;
use super::session::Session;
use crate::commands::permission;

/// From so many columns of the terminal on, names and costs of streams stand in columns.
const COLUMNS_FROM: usize = 80;

impl Session<'_> {
    pub(super) fn choose_currency(&mut self) -> Result<(), Detour> {
        let answers = &mut self.progress.answers;
        let suggested = suggested_currency(|name| std::env::var(name).ok());
        let default = answers.currency.as_deref().unwrap_or(suggested);
        let help = "Three letters, such as EUR, USD or JPY; Enter takes the one in brackets";
        let currency = self
            .terminal
            .text("Currency:", Some(default), help, check_currency)?;
        answers.currency = Some(currency);
        Ok(())
    }

    pub(super) fn choose_time_zone(&mut self) -> Result<(), Detour> {
        let answers = &mut self.progress.answers;
        let default = answers.timezone.clone().unwrap_or_else(suggested_time_zone);
        let zones = time_zones();
        let first = zones.iter().position(|zone| *zone == default).unwrap_or(0);
        loop {
            let zone = self
                .terminal
                .find("Time zone:", &zones, first, fit_of_zone)?;
            match check_time_zone(&zone) {
                Ok(zone) => {
                    answers.timezone = Some(zone);
                    return Ok(());
                }
                Err(reason) => self.terminal.bad(&reason),
            }
        }
    }

    pub(super) fn choose_start(&mut self) -> Result<(), Detour> {
        let today = self.today()?;
        let default = days_before(today, 90);
        let two_years = two_years_before(today);
        let mut options: Vec<(Option<Date>, String)> = vec![
            (Some(default), format!("{default}, 90 days ago")),
            (
                Some(days_before(today, 365)),
                format!("{}, a year ago", days_before(today, 365)),
            ),
            (
                Some(two_years),
                format!("{two_years}, as far as Criteo goes"),
            ),
        ];
        // Each day stands there once.
        let before = self.progress.answers.start_date;
        if let Some(day) = before
            && options.iter().all(|(offered, _)| *offered != before)
        {
            options.push((before, format!("{day}, as chosen before")));
        }
        let is_it = |(offered, _): &(Option<Date>, String)| *offered == before;
        let at = options.iter().position(is_it).unwrap_or_default();
        options.push((None, "Another day".to_owned()));
        let chosen = match self
            .terminal
            .choose_from("From which day on?", options, at)?
        {
            Some(day) => day,
            None => {
                let help = "YYYY-MM-DD";
                let default = before.unwrap_or(default).to_string();
                let typed = self
                    .terminal
                    .text("First day:", Some(&default), help, move |text| {
                        check_start(text, today)
                    });
                match typed {
                    // Back to the list, not out of the step.
                    Err(Detour::Back) => return self.choose_start(),
                    typed => typed?,
                }
            }
        };
        if chosen < two_years {
            self.terminal.say(&format!(
                "Criteo keeps reports for about two years, placements and some others for less: what it has since {chosen} is \
                 read."
            ));
        }
        self.progress.answers.start_date = Some(chosen);
        Ok(())
    }

    pub(super) fn choose_streams(&mut self) -> Result<(), Detour> {
        let offers = offers();
        let page = self.terminal.width();
        let names: Vec<String> = offers.iter().map(|offer| in_words(offer, page)).collect();
        let on = |(index, offer): (usize, &StreamOffer)| {
            is_on(offer, &self.progress.answers.streams).then_some(index)
        };
        let ticked: Vec<usize> = offers.iter().enumerate().filter_map(on).collect();
        self.terminal.say(&format!(
            "Two lines in {} turn a stream off later, or on with `true`:",
            self.path.display()
        ));
        self.terminal
            .show("  [streams.placements]\n  enabled = false\n");
        let nothing = "At least one stream has to be read. Space ticks.";
        let chosen = self.terminal.tick("Streams:", &names, &ticked, nothing)?;
        let chosen: BTreeSet<&str> = chosen
            .into_iter()
            .filter_map(|index| offers.get(index).map(|offer| offer.name))
            .collect();
        self.progress.answers.streams = changes(&chosen);
        Ok(())
    }
}

/// Name and cost, in columns where there is room for them, and in a second line what it holds and the permission that it
/// needs.
fn in_words(offer: &StreamOffer, page: usize) -> String {
    let (name, cost) = (offer.name, offer.cost.words());
    let first = if page >= COLUMNS_FROM {
        format!("{name:<33}  {cost}")
    } else {
        format!("{name}  {cost}")
    };
    let permission = offer
        .permission
        .map(permission)
        .map_or_else(String::new, |permission| {
            format!("; permission {}", permission.trim_end_matches(" Read"))
        });
    format!("{first}\n{}{permission}", offer.title)
}
