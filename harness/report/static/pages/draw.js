/* Draws what Python computed: dots with their intervals, and lines with their bands. */
var abecDraw = (function () {
  "use strict";
  var SYMBOLS = ["square", "circle", "diamond", "cross", "star", "triangle-up", "hexagon", "pentagon", "bowtie"];
  var DASHES = ["dot", "solid", "dash", "longdash", "dashdot", "14px,4px,2px,4px,2px,4px", "18px,3px", "6px,3px", "longdashdot"];
  var SERIES = ["circle", "diamond-open", "square-open"];

  function theme() {
    var style = getComputedStyle(document.documentElement);
    return function (name) { return style.getPropertyValue("--" + name).trim(); };
  }

  /* Eight colours beside the floor's. What repeats one is dashed and marked in another way, and so
     are several lines of one pattern in one figure, which have its colour. */
  function hue(number) { return number ? 1 + (number - 1) % 8 : 0; }

  function kind(number, again) { return (hue(number) + 3 * (Math.floor(Math.max(0, number - 1) / 8) + again)) % 9; }

  function colour(tone, of) {
    return of.state === "invalid" ? tone("invalid") : tone("c" + hue(of.colour));
  }

  function digits(value) {
    return Number(value.toPrecision(3)).toString();
  }

  /* The last step takes what is smaller than all of them. */
  function scaled(value, steps) {
    var step = steps.filter(function (one) { return Math.abs(value) >= one[0] * 0.9995; })[0] || steps[steps.length - 1];
    return digits(value / step[0]) + " " + step[1];
  }

  function write(value, unit) {
    if (value === null || value === undefined) { return "∞"; }
    if (unit === "s") { return scaled(value, [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]); }
    if (unit === "B") { return scaled(value, [[1048576, "MiB"], [1024, "KiB"], [1, "B"]]); }
    if (unit === "share") { return Number((100 * value).toPrecision(4)) + " %"; }
    if (unit === "nines") { return Number((100 * (1 - Math.pow(10, -value))).toFixed(Math.max(0, Math.ceil(value) + 1))) + " %"; }
    return value.toLocaleString("en", { maximumSignificantDigits: 3 });
  }

  /* As many ticks in each decade as fit without touching: all nine, or 1, 2 and 5, or fewer. */
  function log_ticks(low, high, pixels, room) {
    var least = room * (Math.log10(high) - Math.log10(low)) / pixels;
    var choices = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];
    var steps = choices.filter(function (some) {
      return some.every(function (step, place) {
        return Math.log10((some[place + 1] || 10 * some[0]) / step) >= least;
      });
    })[0] || [1];
    var ticks = [];
    for (var decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
      steps.forEach(function (step) {
        var tick = step * Math.pow(10, decade);
        if (tick >= low * 0.999 && tick <= high * 1.001) { ticks.push(tick); }
      });
    }
    /* A short range on a narrow page may hold none of them, and Plotly fails on an axis without ticks. */
    return ticks.length ? ticks : [Number(Math.sqrt(low * high).toPrecision(2))];
  }

  function linear_ticks(high, most, unit) {
    var base = unit === "B" && high > 2048 ? 1024 : 1;
    var rough = high / base / most;
    var decade = Math.pow(10, Math.floor(Math.log10(rough)));
    var step = [1, 2, 5, 10].filter(function (n) { return n * decade >= rough; })[0] * decade * base;
    if (unit === "") { step = Math.max(1, step); }
    var ticks = [];
    for (var n = 0; n * step <= high * 1.001; n += 1) { ticks.push(n * step); }
    return ticks;
  }

  /* Values are what must be seen; labels need ``room`` of the axis' ``pixels`` each. */
  function axis(tone, spec, values, pixels, room) {
    var most = Math.max(2, Math.floor(pixels / (1.6 * room)));
    var base = {
      title: { text: spec.label, standoff: 8, font: { size: 13 } }, color: tone("soft"), gridcolor: tone("grid"),
      linecolor: tone("rule"), zeroline: false, fixedrange: true, tickmode: "array", tickangle: 0, automargin: true,
      /* Hidden past the edge, the only label of a short axis would leave its title without a place. */
      ticklabeloverflow: "allow",
    };
    var finite = values.filter(function (value) { return value !== null && isFinite(value); });
    finite = finite.length ? finite : [1];
    if (spec.unit === "nines") {
      base.tickvals = [Math.log10(2), 1, 2, 3, 4, 5].filter(function (n) { return n <= Math.max.apply(null, finite) + 0.1; });
      base.ticktext = base.tickvals.map(function (n) { return write(n, "nines"); });
      base.range = [0, Math.max.apply(null, finite) * 1.02];
      return base;
    }
    if (spec.unit === "place") {
      var every = Math.ceil(spec.ticks.length / most);
      base.tickvals = spec.ticks.map(function (_tick, place) { return place; }).filter(function (place) { return place % every === 0; });
      base.ticktext = base.tickvals.map(function (place) { return spec.ticks[place]; });
      base.range = [-0.5, spec.ticks.length - 0.5];
      return base;
    }
    if (spec.unit === "share") {
      base.tickvals = [0, 0.25, 0.5, 0.75, 1];
      base.range = [0, 1.02];
    } else if (spec.log) {
      finite = finite.filter(function (value) { return value > 0; });
      var low = Math.min.apply(null, finite) / 1.25;
      var high = Math.max.apply(null, finite) * 1.25;
      base.type = "log";
      base.range = [Math.log10(low), Math.log10(high)];
      base.tickvals = log_ticks(low, high, pixels, room);
    } else {
      var top = Math.max.apply(null, finite.concat([0])) * 1.06 || 1;
      base.range = [-0.01 * top, top];
      base.tickvals = linear_ticks(top, most, spec.unit);
    }
    base.ticktext = base.tickvals.map(function (value) { return value === 0 ? "0" : write(value, spec.unit); });
    return base;
  }

  /* What all figures have in common. */
  function layout(tone, width, height) {
    return {
      width: width, height: height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", size: 13, color: tone("ink") },
      margin: { l: 8, r: 22, t: 8, b: 8 }, dragmode: false, showlegend: true,
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", itemclick: "toggle" },
      hoverlabel: { bgcolor: tone("raised"), bordercolor: tone("soft"), font: { color: tone("ink") }, align: "left", namelength: -1 },
    };
  }

  function label(row, narrow) {
    var sign = { invalid: "! ", saturated: "~ " }[row.state] || "";
    var name = row.state === "floor" || row.name.indexOf("floor") === 0 ? "floor" + row.name.slice(5) : row.name;
    return sign + (narrow ? name.replace("@", "<br>@") : name);
  }

  function dots(tone, drawing, width) {
    var narrow = width < 520;
    var rows = drawing.rows;
    var names = rows.map(function (row) { return label(row, narrow); });
    var all = [];
    rows.forEach(function (row) {
      row.points.forEach(function (point) { if (point) { all.push(point.value, point.low, point.high); } });
    });
    var value_axis = axis(tone, drawing.axis, all, 0.8 * width, 56);
    var end = drawing.axis.log ? Math.pow(10, value_axis.range[1]) : value_axis.range[1];
    var traces = [];
    drawing.series.forEach(function (series, number) {
      rows.forEach(function (row, place) {
        var point = row.points[number];
        if (!point) { return; }
        var infinite = point.value === null;
        var at = infinite ? end : point.value;
        traces.push({
          type: "scatter", mode: "markers", x: [at], y: [names[place]], showlegend: false,
          marker: {
            symbol: infinite ? "triangle-right" : SERIES[number], size: 11,
            color: colour(tone, row), line: { width: 2, color: colour(tone, row) },
          },
          error_x: point.level ? {
            type: "data", symmetric: false, thickness: 2, width: 5, color: colour(tone, row),
            array: [(point.high === null ? end : point.high) - at], arrayminus: [at - (point.low === null ? at : point.low)],
          } : { visible: false },
          hovertext: [point.hover.replace(/\n/g, "<br>")], hoverinfo: "text",
        });
      });
      if (drawing.series.length > 1) {
        traces.push({
          type: "scatter", mode: "markers", x: [null], y: [names[0]], name: series, hoverinfo: "skip",
          marker: { symbol: SERIES[number], size: 10, color: tone("ink"), line: { width: 2, color: tone("ink") } },
        });
      }
    });
    var made = layout(tone, width, 112 + (narrow && names.join("").indexOf("<br>") > 0 ? 44 : 34) * rows.length);
    made.xaxis = value_axis;
    made.yaxis = {
      type: "category", categoryarray: names, categoryorder: "array", range: [rows.length - 0.45, -0.55],
      color: tone("ink"), gridcolor: tone("grid"), fixedrange: true, automargin: true, ticklabelstandoff: 6,
    };
    made.hovermode = "closest";
    made.hoverdistance = 24;
    var floor = rows.filter(function (row) { return row.state === "floor" && row.points[0] && row.points[0].value !== null; })[0];
    if (floor && drawing.axis.log) {
      made.shapes = [{
        type: "line", x0: floor.points[0].value, x1: floor.points[0].value, yref: "paper", y0: 0, y1: 1,
        line: { color: tone("soft"), width: 1, dash: "dash" }, layer: "below",
      }];
    }
    return { traces: traces, layout: made };
  }

  function faded(hex, alpha) {
    var n = parseInt(hex.slice(1), 16);
    return "rgba(" + [n >> 16, (n >> 8) & 255, n & 255, alpha].join(",") + ")";
  }

  function place_on(axis_spec, value) {
    if (axis_spec.unit === "place") { return axis_spec.ticks[value]; }
    return (axis_spec.unit === "nines" ? "" : axis_spec.label + " ") + write(value, axis_spec.unit);
  }

  /* The place under the pointer as first row of the box that lists all lines: its own title would
     be the bare number on the axis. */
  function heading(drawing) {
    var longest = drawing.lines.reduce(function (best, line) { return line.x.length > best.x.length ? line : best; });
    return {
      type: "scatter", mode: "lines", x: longest.x, y: longest.y, showlegend: false, line: { width: 0, color: "rgba(0,0,0,0)" },
      hovertemplate: longest.x.map(function (value) { return "<b>" + place_on(drawing.x, value) + "</b><extra></extra>"; }),
    };
  }

  function curves(tone, drawing, width) {
    var narrow = width < 520;
    var traces = narrow ? [] : [heading(drawing)];
    var same = {};
    drawing.lines.forEach(function (line) {
      if (!line.beside) { (same[line.colour] = same[line.colour] || []).push(line.name); }
    });
    drawing.lines.forEach(function (line) {
      var ink = colour(tone, line);
      var look = kind(line.colour, Math.max(0, same[line.colour].indexOf(line.name)));
      var banded = line.low.some(function (value) { return value !== null; });
      if (banded) {
        ["low", "high"].forEach(function (side) {
          traces.push({
            type: "scatter", mode: "lines", x: line.x, y: line[side], hoverinfo: "skip", showlegend: false,
            legendgroup: line.name, line: { width: 0, color: ink }, fill: side === "high" ? "tonexty" : "none", fillcolor: faded(ink, 0.18),
          });
        });
      }
      var sign = { invalid: "! ", saturated: "~ " }[line.state] || "";
      traces.push({
        type: "scatter", mode: line.marked ? "lines+markers" : "lines", x: line.x, y: line.y,
        name: sign + line.name, legendgroup: line.beside || line.name, showlegend: !line.beside, connectgaps: false,
        line: { color: ink, width: line.beside ? 1 : 2, dash: line.beside ? "solid" : DASHES[look] },
        marker: { symbol: SYMBOLS[look], size: 9, color: ink },
        hovertemplate: line.y.map(function (value, place) {
          var low = line.low[place], high = line.high[place];
          var interval = banded ? " (" + write(low, drawing.y.unit) + " to " + write(high, drawing.y.unit) + ")" : "";
          var where = narrow ? place_on(drawing.x, line.x[place]) + "<br>" : "";
          return where + sign + line.name + " " + write(value, drawing.y.unit) + interval + "<extra></extra>";
        }),
      });
    });
    var made = layout(tone, width, narrow ? 380 : 400);
    var xs = [], ys = [];
    drawing.lines.forEach(function (line) { xs = xs.concat(line.x); ys = ys.concat(line.y, line.low, line.high); });
    made.xaxis = axis(tone, drawing.x, xs, 0.8 * width, drawing.x.unit === "place" ? 44 : 56);
    made.yaxis = axis(tone, drawing.y, ys, 260, 22);
    made.xaxis.unifiedhovertitle = { text: "\u00a0" };
    made.hovermode = narrow ? "closest" : "x unified";
    /* Places are few and far apart: anywhere between them the nearest is meant. */
    if (drawing.x.unit === "place") { made.hoverdistance = -1; }
    return { traces: traces, layout: made };
  }

  /* Parts differ by pattern as well as by colour: what is next to each other must be told apart. */
  function stack(tone, drawing, width) {
    var narrow = width < 520;
    var names = drawing.bars.map(function (bar) { return label(bar, narrow); });
    var shapes = ["", "/", ".", "x", "-", "+"];
    var wholes = drawing.bars.map(function (bar) {
      return bar.values.reduce(function (sum, value) { return sum + value; }, 0);
    });
    var doubtful = drawing.bars.some(function (bar) { return bar.state === "invalid"; });
    var traces = drawing.parts.map(function (part, number) {
      var fill = tone("c" + [1, 2, 3, 4, 6, 5][number % 6]);
      return {
        type: "bar", orientation: "h", name: part, y: names,
        x: drawing.bars.map(function (bar) { return bar.values[number]; }),
        marker: {
          // One colour where one will do: Plotly warns of patterns over several.
          color: doubtful ? drawing.bars.map(function (bar) { return bar.state === "invalid" ? tone("invalid") : fill; }) : fill,
          line: { width: 1, color: tone("raised") },
          pattern: { shape: shapes[number % 6], fillmode: "overlay", fgcolor: tone("raised"), size: 7, solidity: 0.2 },
        },
        hoverinfo: "text", textposition: "none",
        hovertext: drawing.bars.map(function (bar, place) {
          return bar.name + "<br>" + part + " " + write(bar.values[number], drawing.axis.unit) +
            " of " + write(wholes[place], drawing.axis.unit);
        }),
      };
    });
    var made = layout(tone, width, 100 + 38 * drawing.bars.length);
    made.barmode = "stack";
    made.legend.traceorder = "normal";
    made.bargap = 0.35;
    made.xaxis = axis(tone, drawing.axis, wholes, 0.8 * width, 56);
    made.yaxis = {
      type: "category", categoryarray: names, categoryorder: "array", range: [names.length - 0.45, -0.55],
      color: tone("ink"), fixedrange: true, automargin: true, ticklabelstandoff: 6,
    };
    made.hovermode = "closest";
    return { traces: traces, layout: made };
  }

  /* Draws a figure into its element, again whenever its width or the theme changed. */
  return function (element, drawing) {
    var width = Math.floor(element.getBoundingClientRect().width);
    if (!width) { return false; }
    var made = (drawing.bars ? stack : drawing.rows ? dots : curves)(theme(), drawing, width);
    Plotly.react(element, made.traces, made.layout, { displayModeBar: false, responsive: false, doubleClick: false });
    return true;
  };
})();
