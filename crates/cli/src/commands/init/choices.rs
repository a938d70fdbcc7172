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
        let mut options: Vec<(Option<Date>, String)> = Vec::new();
        if let Some(day) = self.progress.answers.start_date {
            options.push((Some(day), format!("{day}, as chosen before")));
        }
        options.extend([
            (Some(default), format!("{default}, 90 days ago")),
            (
                Some(days_before(today, 365)),
                format!("{}, a year ago", days_before(today, 365)),
            ),
            (
                Some(two_years),
                format!("{two_years}, as far as Criteo goes"),
            ),
            (None, "Another day".to_owned()),
        ]);
        let chosen = match self.terminal.choose("From which day on?", options)? {
            Some(day) => day,
            None => {
                let help = "YYYY-MM-DD";
                let default = default.to_string();
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
        let names: Vec<String> = offers.iter().map(in_words).collect();
        let on = |(index, offer): (usize, &StreamOffer)| {
            is_on(offer, &self.progress.answers.streams).then_some(index)
        };
        let ticked: Vec<usize> = offers.iter().enumerate().filter_map(on).collect();
        loop {
            let chosen = self.terminal.tick("Streams:", &names, &ticked)?;
            if chosen.is_empty() {
                self.terminal
                    .bad("At least one stream has to be read. Space ticks.");
                continue;
            }
            let chosen: BTreeSet<&str> = chosen
                .into_iter()
                .filter_map(|index| offers.get(index).map(|offer| offer.name))
                .collect();
            self.progress.answers.streams = changes(&chosen);
            return Ok(());
        }
    }
}

/// Name and cost, and the permission for those that lack it.
fn in_words(offer: &StreamOffer) -> String {
    let permission = offer.permission.map_or("", permission);
    let permission = permission.trim_end_matches(" Read");
    format!("{:<33} {:<22} {permission}", offer.name, offer.cost.words())
}
