/* What a page does beside drawing: theme, filters, downloads, and drawing what comes into view. */
(function () {
  "use strict";
  var root = document.documentElement;
  var source = document.getElementById("drawings");
  var drawings = source ? JSON.parse(source.textContent) : {};
  var figures = Array.from(document.querySelectorAll("figure"));
  var theme = document.getElementById("theme");
  var prefers_dark = window.matchMedia("(prefers-color-scheme: dark)");

  function dark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : prefers_dark.matches;
  }

  function draw(figure) {
    figure.dataset.drawn = abecDraw(figure.querySelector(".drawing"), drawings[figure.id]) ? "yes" : "";
  }

  function redraw() {
    theme.textContent = dark() ? "Light" : "Dark";
    figures.filter(function (figure) { return figure.dataset.drawn; }).forEach(draw);
  }

  /* What a section that is closed holds has no place to be drawn at. */
  function is_shown(figure) {
    return figure.offsetParent && !figure.closest("details:not([open])");
  }

  function draw_all() {
    figures.filter(function (figure) { return !figure.dataset.drawn && is_shown(figure); }).forEach(draw);
  }

  theme.hidden = false;
  theme.addEventListener("click", function () {
    root.dataset.theme = dark() ? "light" : "dark";
    redraw();
  });
  prefers_dark.addEventListener("change", redraw);

  /* Figures are drawn when they come near the window, and the others while nothing else is to do. */
  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (entry.isIntersecting && !entry.target.dataset.drawn) { draw(entry.target); }
    });
    performance.mark("in view");
  }, { rootMargin: "300px" });

  function draw_next() {
    var next = figures.filter(function (figure) { return !figure.dataset.drawn && is_shown(figure); })[0];
    if (next) {
      draw(next);
      when_idle(draw_next);
    } else {
      performance.mark("all drawn");
    }
  }

  function when_idle(then) {
    (window.requestIdleCallback || window.setTimeout)(then);
  }

  var width = window.innerWidth;
  var waiting;
  window.addEventListener("resize", function () {
    if (window.innerWidth === width) { return; }
    width = window.innerWidth;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(redraw, 120);
  });

  var before_print;
  window.addEventListener("beforeprint", function () {
    before_print = root.dataset.theme;
    root.dataset.theme = "light";
    root.dataset.printing = "yes";
    redraw();
    draw_all();
  });
  window.addEventListener("afterprint", function () {
    delete root.dataset.printing;
    if (before_print) { root.dataset.theme = before_print; } else { delete root.dataset.theme; }
    redraw();
  });

  /* An element that does not carry a property is about all of its values. */
  var filters = Array.from(document.querySelectorAll(".filters select"));
  var filtered = Array.from(document.querySelectorAll("[data-scenario], [data-machine], [data-stack]"));

  function apply_filters() {
    filtered.forEach(function (element) {
      element.hidden = filters.some(function (filter) {
        var own = element.dataset[filter.id];
        return filter.value && own !== undefined && own !== filter.value;
      });
    });
    var lines = Array.from(document.querySelectorAll(".glance li"));
    document.querySelectorAll(".glance .none").forEach(function (none) {
      none.hidden = lines.some(function (line) { return !line.hidden; });
    });
    document.querySelectorAll(".glance details").forEach(function (details) {
      details.hidden = !details.querySelector("li:not([hidden])");
    });
    var left = sections.filter(function (section) { return !section.parentElement.hidden; });
    if (left.length <= 2) { left.forEach(function (section) { section.open = true; }); }
    when_idle(draw_next);
  }

  /* A link to a section opens it. */
  function open_target() {
    var target = window.location.hash && document.getElementById(window.location.hash.slice(1));
    var section = target && target.querySelector(":scope > details");
    if (section && !section.open) {
      section.open = true;
      target.scrollIntoView();
    }
  }

  var sections = Array.from(document.querySelectorAll(".workload > details"));
  sections.forEach(function (section) {
    section.addEventListener("toggle", function () { when_idle(draw_next); });
  });
  window.addEventListener("hashchange", open_target);
  document.querySelectorAll(".glance a").forEach(function (link) {
    link.addEventListener("click", function () { window.setTimeout(open_target); });
  });

  if (filters.length) {
    document.querySelector(".filters").hidden = false;
    filters.forEach(function (filter) { filter.addEventListener("change", apply_filters); });
  }

  /* The table of a figure is its data: downloads are made of it when they are asked for. */
  function table_of(figure) {
    var heads = Array.from(figure.querySelectorAll("thead th")).map(function (head) {
      return head.textContent + (head.dataset.unit ? " [" + head.dataset.unit + "]" : "");
    });
    var rows = Array.from(figure.querySelectorAll("tbody tr")).map(function (row) {
      return Array.from(row.cells).map(function (cell) {
        if (cell.dataset.value === undefined) { return cell.textContent.replace("∞", "inf"); }
        return cell.dataset.value === "" ? null : Number(cell.dataset.value);
      });
    });
    return { heads: heads, rows: rows };
  }

  function as_csv(table) {
    return [table.heads].concat(table.rows).map(function (row) {
      return row.map(function (cell) {
        var text = cell === null ? "" : String(cell);
        return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
      }).join(",");
    }).join("\r\n") + "\r\n";
  }

  function as_json(table) {
    return JSON.stringify(table.rows.map(function (row) {
      return Object.fromEntries(row.map(function (cell, place) { return [table.heads[place], cell]; }));
    }), null, 1);
  }

  document.querySelectorAll("a[data-format]").forEach(function (link) {
    function fill() {
      var table = table_of(link.closest("figure"));
      var csv = link.dataset.format === "csv";
      link.href = "data:" + (csv ? "text/csv" : "application/json") + ";charset=utf-8," + encodeURIComponent((csv ? as_csv : as_json)(table));
    }
    ["pointerdown", "focus", "click"].forEach(function (event) { link.addEventListener(event, fill); });
  });

  if (figures.length) {
    open_target();
    apply_filters();
    figures.forEach(function (figure) { seen.observe(figure); });
  }
  redraw();
})();
