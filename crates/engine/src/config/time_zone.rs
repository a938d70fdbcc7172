//! Which names of time zones are accepted.

use jiff::tz::{TimeZone, TimeZoneName, db};

use crate::catalog::nearest;

/// Says what is wrong with `name` as the time zone of reports, or nothing.
///
/// Accepted are `UTC` and the region names of the IANA database (`Europe/Paris`). Criteo also accepts abbreviations
/// and offsets (seen in samples of its docs), but they ignore daylight saving, or mean different hours to different
/// systems, so days would silently be cut elsewhere than asked for.
pub(super) fn problem(name: &str) -> Option<String> {
    if name == "UTC" {
        return None;
    }
    let is_offset = name.contains(['+', ':']) || name.starts_with("Etc/");
    if is_offset {
        return Some(format!(
            "`timezone` cannot be the offset \"{name}\": offsets ignore daylight saving, and Etc/GMT+1 is an hour \
             behind GMT, not ahead. Write a region such as \"Europe/Paris\", or \"UTC\""
        ));
    }
    let known = TimeZone::get(name).ok();
    let canonical = known.as_ref().and_then(TimeZone::iana_name);
    match canonical {
        Some(canonical) if canonical.contains('/') && canonical == name => None,
        Some(canonical) if canonical.contains('/') => {
            Some(format!("`timezone` \"{name}\" is spelt \"{canonical}\""))
        }
        Some(_) => Some(abbreviation(name)),
        None if is_abbreviation(name) => Some(abbreviation(name)),
        None => {
            let names: Vec<_> = db().available().collect();
            let regions = || {
                let names = names.iter().map(TimeZoneName::as_str);
                names.filter(|name| name.contains('/'))
            };
            // Many people write the city alone.
            let cities = regions().filter_map(|name| Some((name.rsplit_once('/')?.1, name)));
            let whole = regions().map(|name| (name, name));
            let suggestion = nearest(name, whole.chain(cities)).map_or_else(
                || "Write a region such as \"Europe/Paris\", or \"UTC\"".to_owned(),
                |region| format!("Did you mean \"{region}\"?"),
            );
            Some(format!(
                "`timezone` \"{name}\" is not in the IANA time zone database. {suggestion}"
            ))
        }
    }
}

fn is_abbreviation(name: &str) -> bool {
    name.len() <= 5 && name.chars().all(|letter| letter.is_ascii_uppercase())
}

fn abbreviation(name: &str) -> String {
    format!(
        "`timezone` cannot be the abbreviation \"{name}\": it ignores daylight saving or means different hours to \
         different systems. Write a region such as \"America/New_York\", or \"UTC\""
    )
}
