//! Which part of the web application shows the page of a path.
//!
//! Each area is a bundle of its own, loaded when one of its pages is opened; a link from one area to another is an
//! ordinary navigation. The server chooses the shell by this table, the application decides by it which links it follows
//! itself.

/// A part of the web application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// The start page and the page of one request.
    Story,
    /// Search, services, what arrives.
    Explore,
    /// Metrics.
    Metrics,
    /// Runs of tests, and comparisons.
    Runs,
}

/// Every page: the path of a page or of a family of pages, and its area. The longest fitting path decides.
const PAGES: [(&str, Area); 11] = [
    ("/", Area::Story),
    ("/start", Area::Story),
    ("/t", Area::Story),
    ("/search", Area::Explore),
    ("/services", Area::Explore),
    ("/ingest", Area::Explore),
    ("/charts", Area::Metrics),
    ("/dashboards", Area::Metrics),
    ("/slos", Area::Metrics),
    ("/runs", Area::Runs),
    ("/signals", Area::Runs),
];

impl Area {
    /// Every area.
    pub const ALL: [Self; 4] = [Self::Story, Self::Explore, Self::Metrics, Self::Runs];

    /// Returns the name of the area's bundle.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Explore => "explore",
            Self::Metrics => "metrics",
            Self::Runs => "runs",
        }
    }

    /// Returns the area that has the page of a path; `None` when no page has it.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let fits = |page: &str| {
            let page = page.trim_end_matches('/');
            path == page || (!page.is_empty() && path.strip_prefix(page).is_some_and(|rest| rest.starts_with('/')))
        };
        let fitting = PAGES.iter().filter(|(page, _)| fits(page));
        fitting.max_by_key(|(page, _)| page.len()).map(|(_, area)| *area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_areas_and_other_paths_have_none() {
        for path in ["/", "", "/start", "/start/", "/t/4bf9", "/t/4bf9/00f0", "/t/a...b"] {
            assert_eq!(Area::of_path(path), Some(Area::Story), "{path}");
        }
        assert_eq!(Area::of_path("/search"), Some(Area::Explore));
        for path in ["/charts", "/charts/", "/dashboards", "/dashboards/service-red", "/slos"] {
            assert_eq!(Area::of_path(path), Some(Area::Metrics), "{path}");
        }
        for path in ["/runs", "/runs/main%401", "/signals"] {
            assert_eq!(Area::of_path(path), Some(Area::Runs), "{path}");
        }
        for path in ["/tea", "/nope", "/api/recent", "//", "/starting"] {
            let expected = (path == "//").then_some(Area::Story);
            assert_eq!(Area::of_path(path), expected, "{path}");
        }
    }

    #[test]
    fn names_differ() {
        let names: std::collections::HashSet<&str> = Area::ALL.iter().map(|area| area.name()).collect();
        assert_eq!(names.len(), Area::ALL.len());
    }
}
