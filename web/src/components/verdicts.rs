//! Promises and what became of them: the list of the board and of a run's page.

use telltale_signals::evaluate::{Place, Report, Verdict};

use crate::components::bits::go_link;
use crate::dom::{El, el, hidden, sign, text_el};
use crate::route::Route;
use crate::strings;

/// The list; `red_only` leaves out what is met.
pub(crate) fn verdicts(report: &Report, red_only: bool) -> El {
    let shown = report.verdicts.iter().filter(|verdict| !(red_only && verdict.met));
    el("ul").class("verdict-list").label(strings::RUN_EXPECTATIONS).add_all(shown.map(|one| line(&report.file, one)))
}

fn line(file: &str, verdict: &Verdict) -> El {
    let (class, mark, word) = match verdict.met {
        true => ("verdict-line verdict-line-met", "✓", strings::VERDICT_MET),
        false => ("verdict-line verdict-line-red", "✗", strings::VERDICT_NOT_MET),
    };
    let place = if verdict.line > 0 { format!("{file}:{}", verdict.line) } else { String::new() };
    let head = el("p")
        .class("verdict-line-head")
        .add([text_el("strong", "", &verdict.title), text_el("span", "muted verdict-line-place", &place)]);
    let why = verdict.why.as_ref().map(|why| text_el("p", "muted", &format!("{}{why}", strings::VERDICT_WHY)));
    let nearest = verdict.nearest.as_ref();
    let miss = nearest
        .map(|nearest| text_el("p", "verdict-nearest", &format!("{}{}", strings::VERDICT_NEAREST, nearest.message)));
    let places = nearest.and_then(|nearest| nearest.place.as_ref()).into_iter().chain(&verdict.places);
    let links: Vec<El> = places.take(3).map(place_link).collect();
    let links = (!links.is_empty()).then(|| el("p").class("verdict-places").add(links));
    let text = el("div").add(head).add(text_el("p", "", &verdict.message)).add(why).add(miss).add(links);
    el("li").class(class).add([el("span").class("verdict-mark").add([sign(mark), hidden(word)]), text])
}

/// The span that a verdict speaks of.
fn place_link(place: &Place) -> El {
    let span = Some(place.span_id.as_str()).filter(|id| !id.is_empty());
    if place.trace_id.is_empty() {
        return text_el("span", "muted", &place.label);
    }
    go_link(&Route::story(&place.trace_id, span).url(), &place.label)
}
