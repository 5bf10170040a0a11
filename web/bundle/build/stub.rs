//! The page that stands in when the application was not built; the API works all the same.

use crate::files::Built;

/// Returns a page that says why there is no application and which command brings it.
pub(crate) fn files(reason: &str) -> Built {
    let index_html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<!--head-->\n\
         <title>telltale</title>\n</head>\n<body>\n<main>\n<h1>telltale runs without its web UI</h1>\n\
         <p>The UI is not in this binary: {reason}.</p>\n\
         <p>To build it: <code>rustup target add wasm32-unknown-unknown &amp;&amp; cargo run --release</code></p>\n\
         <p>Receiving, queries and stories work: <a href=\"/api/recent\">/api/recent</a>, and any story as text at \
         <code>/t/&lt;trace id&gt;.txt</code>.</p>\n</main>\n</body>\n</html>\n"
    );
    Built { pages: vec![("stub".to_owned(), index_html)], files: Vec::new() }
}
