//! A run on a terminal: a bar for every stream at work, and one line on the whole.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use console::Term;
use criteo_engine::event::Event;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::tally::{StreamTally, Tally};
use super::{lines, locked};
use crate::page::{columns, wrapped};
use crate::printer::warning_line;

/// How often the lines are drawn anew, so that clocks and countdowns move.
const TICK: Duration = Duration::from_millis(200);

/// Draws events as progress bars on stderr.
pub(crate) struct Bars {
    tally: Arc<Mutex<Tally>>,
    area: MultiProgress,
    whole: ProgressBar,
    streams: Mutex<BTreeMap<String, ProgressBar>>,
    /// Columns that the names of streams take.
    name_width: AtomicUsize,
}

impl Bars {
    pub(super) fn new() -> Bars {
        let tally = Arc::new(Mutex::new(Tally::new(Instant::now())));
        let area = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let whole = area.add(ProgressBar::new_spinner());
        let shown = Arc::clone(&tally);
        whole.set_style(style("{spinner:.cyan} {line}").with_key(
            "line",
            move |_: &ProgressState, text: &mut dyn Write| {
                let room = room_beside(2);
                let line = locked(&shown).line(Instant::now(), room);
                let _ = text.write_str(&shortened(&line, room));
            },
        ));
        Bars {
            tally,
            area,
            whole,
            streams: Mutex::default(),
            name_width: AtomicUsize::new(0),
        }
    }

    pub(super) fn say(&self, text: &str) {
        // A terminal that went away has nobody in front of it.
        let _ = self
            .area
            .println(wrapped(text, columns(&Term::stderr()), 0));
    }

    pub(super) fn on_event(&self, event: &Event) {
        locked(&self.tally).add(event, Instant::now());
        if let Event::StreamPlanned { stream, .. }
        | Event::WindowStarted { stream, .. }
        | Event::WindowLoaded { stream, .. }
        | Event::WindowSplit { stream, .. }
        | Event::WindowQuarantined { stream, .. } = event
        {
            self.show_stream(stream);
        }
        match event {
            Event::RunStarted { streams, .. } => {
                let longest = streams.iter().map(|stream| stream.chars().count()).max();
                self.name_width
                    .store(longest.unwrap_or_default(), Ordering::Relaxed);
                self.whole.enable_steady_tick(TICK);
            }
            Event::StreamFinished(summary) => {
                if let Some(bar) = locked(&self.streams).remove(&summary.stream) {
                    bar.finish_and_clear();
                    self.area.remove(&bar);
                }
                if summary.failure.is_some() {
                    self.say(&warning_line(&lines::line(event).unwrap_or_default()));
                }
            }
            Event::Warning { .. } | Event::WindowQuarantined { .. } => {
                if let Some(warning) = lines::warning(event) {
                    self.say(&warning_line(&warning));
                }
            }
            // Before anything is read there is no line on the whole that could show it.
            Event::Retry { .. } if !locked(&self.tally).has_begun() => {
                if let Some(line) = lines::line(event) {
                    self.say(&line);
                }
            }
            Event::SpoolReplayed { .. }
            | Event::DaysDropped { .. }
            | Event::WindowSplit { .. }
            | Event::Stopping { .. } => {
                if let Some(line) = lines::line(event) {
                    self.say(&line);
                }
            }
            _ => {}
        }
    }

    /// Takes everything off the screen: the table of results says it all.
    pub(super) fn finish(&self) {
        for bar in std::mem::take(&mut *locked(&self.streams)).values() {
            bar.finish_and_clear();
        }
        self.whole.finish_and_clear();
        let _ = self.area.clear();
    }

    fn show_stream(&self, stream: &str) {
        let windows = locked(&self.tally).stream(stream).map(StreamTally::windows);
        let Some((done, all)) = windows else { return };
        let mut streams = locked(&self.streams);
        let bar = streams
            .entry(stream.to_owned())
            .or_insert_with(|| self.add_stream(stream));
        bar.set_length(all);
        bar.set_position(done);
    }

    fn add_stream(&self, stream: &str) -> ProgressBar {
        let bar = self.area.insert_before(&self.whole, ProgressBar::new(0));
        let tally = Arc::clone(&self.tally);
        let name = stream.to_owned();
        let name_width = self.name_width.load(Ordering::Relaxed);
        let bar_width = if terminal_width() < 120 { 8 } else { 20 };
        let taken = 2 + name_width + 2 + bar_width + 2;
        let template = format!("  {{prefix:{name_width}}}  {{bar:{bar_width}.cyan/dim}}  {{line}}");
        bar.set_style(style(&template).progress_chars("━╸─").with_key(
            "line",
            move |_: &ProgressState, text: &mut dyn Write| {
                if let Some(stream) = locked(&tally).stream(&name) {
                    let room = room_beside(taken);
                    let line = stream.line(Instant::now(), room);
                    let _ = text.write_str(&shortened(&line, room));
                }
            },
        ));
        bar.set_prefix(stream.to_owned());
        bar.enable_steady_tick(TICK);
        bar
    }
}

/// The columns that are left for a line beside those that are `taken`.
fn room_beside(taken: usize) -> usize {
    terminal_width().saturating_sub(taken + 1)
}

/// A line that breaks would leave its second half behind when it is drawn anew, so what does not fit is cut.
fn shortened(line: &str, room: usize) -> String {
    console::truncate_str(line, room, "…").into_owned()
}

fn terminal_width() -> usize {
    let (_, columns) = Term::stderr().size();
    columns.into()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
