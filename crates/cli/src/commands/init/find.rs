//! One of many things, found by typing a part of it.

use std::cell::RefCell;
use std::fmt;

use criteo_setup::locality::Fit;
use inquire::Select;

use super::ask::{Detour, Terminal, detour};
use crate::page::wrapped;

impl Terminal {
    /// One of many things, found by typing a part of it; the cursor begins at `first`. `fit` says how well a search fits
    /// a name. Where nothing holds what was typed, similar names are offered, and none of them is taken unasked; where
    /// nothing is similar either, that is said, and no name is shown.
    pub(super) fn find(
        &self,
        question: &str,
        names: &[String],
        first: usize,
        fit: fn(&str, &str) -> Option<Fit>,
    ) -> Result<String, Detour> {
        loop {
            let Found { name, typed } = self.search(question, names, first, fit)?;
            let typed = typed.trim();
            let Some(name) = name else {
                self.bad(&format!(
                    "There is nothing like {typed:?}. Type a part of a name, or the nearest big city, \
                     such as oslo or paris."
                ));
                continue;
            };
            if typed.is_empty() || matches!(fit(typed, &name), Some(Fit::Part(_))) {
                return Ok(name);
            }
            let asked = format!("There is no {typed:?}. Is {name} meant?");
            let options = vec![
                (true, format!("Yes, {name}")),
                (false, "No, search once more".to_owned()),
            ];
            match self.choose(&asked, options) {
                Ok(true) => return Ok(name),
                Ok(false) | Err(Detour::Back) => {}
                Err(other) => return Err(other),
            }
        }
    }

    fn search(
        &self,
        question: &str,
        names: &[String],
        first: usize,
        fit: fn(&str, &str) -> Option<Fit>,
    ) -> Result<Found, Detour> {
        let search = RefCell::new(Search::default());
        let page = self.width().saturating_sub(3).max(20);
        let nothing = wrapped(
            "(no name is like that; type a part of one, or the nearest big city, such as oslo or paris)",
            Some(page),
            2,
        );
        let rows: Vec<Row<'_>> = names
            .iter()
            .map(|name| Row {
                name,
                nothing: &nothing,
                search: &search,
            })
            .collect();
        let score = |typed: &str, row: &Row<'_>, _: &str, place: usize| {
            let mut search = search.borrow_mut();
            if search.typed != typed {
                let fits: Vec<Fit> = names.iter().filter_map(|name| fit(typed, name)).collect();
                let is_part = |fit: &Fit| matches!(fit, Fit::Part(_));
                let closest = match (fits.iter().any(is_part), fits.is_empty()) {
                    (true, _) => Closest::Part,
                    (false, false) => Closest::Similar,
                    (false, true) => Closest::Nothing,
                };
                *search = Search {
                    typed: typed.to_owned(),
                    closest,
                };
            }
            match (fit(typed, row.name), search.closest) {
                (Some(Fit::Part(rank)), _) => Some(rank),
                (Some(Fit::Similar(rank)), Closest::Similar) => Some(rank),
                // The one row that says so: an empty list would leave somebody with nothing to go on from.
                (None, Closest::Nothing) if place == 0 => Some(0),
                _ => None,
            }
        };
        let help =
            self.help("Type a part of a name to search, arrows move, Enter chooses, Esc goes back");
        let fitting = self.fitting(names.iter().map(String::as_str), &help);
        let row = Select::new(question, rows)
            .with_render_config(self.look)
            .with_help_message(&help)
            .with_page_size(fitting)
            .with_starting_cursor(first)
            .with_scorer(&score)
            .with_formatter(&|row| {
                let typed = || search.borrow().typed.clone();
                row.value.finds().map_or_else(typed, str::to_owned)
            })
            .prompt()
            .map_err(detour)?;
        let name = row.finds().map(str::to_owned);
        let Search { typed, .. } = search.into_inner();
        Ok(Found { name, typed })
    }
}

/// What was typed last, and how close the closest of all names comes to it.
#[derive(Default)]
struct Search {
    typed: String,
    closest: Closest,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Closest {
    #[default]
    Part,
    Similar,
    Nothing,
}

/// A row of a list that is searched. Where the search finds nothing, the row that is left says so instead of its name.
struct Row<'list> {
    name: &'list str,
    nothing: &'list str,
    search: &'list RefCell<Search>,
}

impl Row<'_> {
    /// The name that it stands for, if there is one to be found.
    fn finds(&self) -> Option<&str> {
        (self.search.borrow().closest != Closest::Nothing).then_some(self.name)
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.finds().unwrap_or(self.nothing))
    }
}

/// A name that was found, if any, and what was typed to find it.
struct Found {
    name: Option<String>,
    typed: String,
}
