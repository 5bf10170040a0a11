// Sets the chosen theme before the first paint, then starts the application.
(function () {
  "use strict";
  try {
    var theme = localStorage.getItem("telltale.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage may be closed (sandboxed frames); the system's theme is then right.
  }
  function fail(error) {
    var place = document.getElementById("app");
    if (!place) return;
    var text = document.createElement("p");
    text.className = "boot-note";
    text.setAttribute("role", "alert");
    text.textContent =
      "The application could not start: " + error +
      ". A current Firefox, Chromium or Safari runs it; any story is readable as text when .txt follows its address.";
    place.replaceChildren(text);
  }
  if (typeof WebAssembly !== "object") {
    document.addEventListener("DOMContentLoaded", function () { fail("this browser has no WebAssembly"); });
    return;
  }
  var wasm = fetch("__WASM_URL__");
  function start() { wasm_bindgen({ module_or_path: wasm }).catch(fail); }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
