/* Added to asv's page, after its own scripts: what reading a comparison of patterns needs. */
(function () {
  "use strict";
  var draw = $.plot;

  /* Whether results name no second value of this parameter, as with pinned requirements, which
     results of `-E existing:same` don't name at all. The environment's name tells them apart. */
  function tells_nothing(values) {
    return values.filter(function (value) { return value !== null; }).length < 2;
  }

  $(document).ready(function () {
    var make_panel = $.asv.ui.make_value_selector_panel;
    $.asv.ui.make_value_selector_panel = function (nav, heading, values, setup) {
      var params = $.asv.main_json.params;
      if (heading !== "machine" && params[heading] === values && tells_nothing(values)) {
        return $();
      }
      return make_panel(nav, heading, values, setup);
    };
  });

  function short_label(label) {
    return label.split("; ").filter(function (part) {
      return !Object.entries($.asv.main_json.params).some(function (param) {
        return tells_nothing(param[1]) && param[1].includes(part.slice(param[0].length + 1))
          && part.startsWith(param[0] + "-");
      });
    }).join("; ");
  }

  /* asv's way to set bars side by side takes names for numbers, so that nothing is seen as soon
     as there is more than one bar a name, or one without data. Half steps keep the bars off
     the whole numbers, which asv would take for commits. */
  function side_by_side(graphs, options) {
    var shown = graphs.map(function (graph) {
      var data = graph.data.filter(function (point) { return point[1] !== null; });
      return { label: graph.label, data: data };
    }).filter(function (graph) { return graph.data.length; });
    var names = [];
    shown.forEach(function (graph) {
      graph.data.forEach(function (point) {
        if (names.indexOf(point[0]) < 0) { names.push(point[0]); }
      });
    });
    var width = 0.8 / shown.length;
    return {
      graphs: shown.map(function (graph, number) {
        var shift = 0.5 + (number - (shown.length - 1) / 2) * width;
        var data = graph.data.map(function (point) {
          return [names.indexOf(point[0]) + shift].concat(point.slice(1));
        });
        return { label: graph.label, data: data };
      }),
      options: $.extend(true, {}, options, {
        xaxis: {
          mode: null,
          min: 0,
          max: names.length,
          ticks: names.map(function (name, i) { return [i + 0.5, name.replace("@", "<br>@").replace(/_/g, "_<wbr>")]; }),
        },
        series: { bars: { barWidth: width } },
      }),
    };
  }

  /* Where the address changes while graphs are loaded, asv draws each of them twice. */
  function each_once(graphs) {
    var known = graphs.map(function (graph) { return JSON.stringify([graph.label, graph.data]); });
    return graphs.filter(function (graph, place) {
      return !graph.label || known.indexOf(known[place]) === place;
    });
  }

  $.plot = $.extend(function (placeholder, graphs, options) {
    graphs = each_once(graphs).map(function (graph) {
      return graph.label ? $.extend({}, graph, { label: short_label(graph.label) }) : graph;
    });
    if (options.xaxis && options.xaxis.mode === "categories") {
      var bars = side_by_side(graphs, options);
      return draw(placeholder, bars.graphs, bars.options);
    }
    return draw(placeholder, graphs, options);
  }, draw);

  if (window.location.protocol === "file:") {
    $(document).ready(function () {
      $.asv.ui.network_error = function () {
        $("#error-message").text(
          "From a file, a browser lets these pages load no figures. Serve them: asv preview. " +
          "Patterns, and all pages that it leads to, open without a server."
        );
        $("#error").modal("show");
      };
    });
    return;
  }

  /* Why a combination has no value, under the graph of its benchmark. */
  var reasons = $.getJSON("reasons.json");

  function item(told, several_machines) {
    var values = told.combinations.map(function (combination) { return combination.join(" / "); });
    var where = several_machines ? told.machine + ", " + told.commit : told.commit;
    return $("<li>").append(
      $("<b>").text(told.reason), $("<span>").text(" (" + where + "): " + values.join(", "))
    );
  }

  function show_reasons(all) {
    var box = $("#graph").parent();
    $("#why-na").remove();
    box.css("bottom", "10px");
    var told = all[benchmark_in_address()] || [];
    if (!told.length) { return; }
    var machines = told.map(function (one) { return one.machine; });
    var several = machines.some(function (machine) { return machine !== machines[0]; });
    var list = $("<ul>").append(told.map(function (one) { return item(one, several); }));
    /* The graph fills its box and hangs out of it by the overview's padding; a region that
       scrolls has to be reached by keyboard. */
    box.css("bottom", "calc(30% + 40px)").after(
      $("<section id='why-na' tabindex='0' aria-labelledby='why-na-title'>")
        .css({ position: "absolute", left: "220px", right: "20px", bottom: 0, height: "30%" })
        .css({ overflowY: "auto", borderTop: "1px solid #ccc", background: "#fff" })
        .append($("<h4 id='why-na-title'>").text("Why n/a"), list)
    );
    $(window).trigger("resize");
  }

  function benchmark_in_address() {
    var found = /^#\/?(\w+\.\w+\.track_\w+)/.exec(window.location.hash);
    return found ? found[1] : "";
  }

  $(document).ready(function () {
    reasons.done(show_reasons);
    window.addEventListener("hashchange", function () { reasons.done(show_reasons); });
  });

  if (document.currentScript.dataset.commits !== "1") {
    return;
  }

  /* One commit has no history, and a line through one point is none. Points for the grid: */
  $.plot.plugins.push({
    name: "points on lines",
    init: function (plot) {
      plot.hooks.processOptions.push(function (_plot, options) {
        options.series.points.show = options.series.points.show || options.series.lines.show;
      });
    },
  });

  /* … and patterns side by side for the graphs. This listener is registered before asv's, which
     then reads the address as it is replaced here. */
  function compare_patterns() {
    if (/^#\/?\w+\.\w+\.track_\w+$/.test(window.location.hash)) {
      window.location.replace(window.location.hash + "?x-axis=pattern");
    }
  }
  window.addEventListener("hashchange", compare_patterns);
  compare_patterns();
})();
