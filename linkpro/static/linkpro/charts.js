// Draws what analytics/_head.html gives as JSON in #chart-data over the plain lines already there.
(() => {
  const locale = document.documentElement.lang || "en";
  let chart = null;

  // --- Numbers as people read them --------------------------------------------------------------

  const whole = new Intl.NumberFormat(locale);
  const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const atMostTenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

  // The same words as analytics/figures.py.
  function duration(value) {
    const seconds = Math.round(value);
    const two = (number) => String(number).padStart(2, "0");
    if (seconds < 60) return `${seconds}s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
    return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
  }

  const compact = (value) => (Math.abs(value) < 10000 ? atMostTenths : short).format(value);
  const units = {
    count: { tick: compact, full: (value) => whole.format(value) },
    ratio: { tick: compact, full: (value) => tenths.format(value) },
    rate: {
      tick: (value) => `${atMostTenths.format(value * 100)}\u202f%`,
      full: (value) => `${tenths.format(value * 100)}\u202f%`,
    },
    seconds: { tick: duration, full: duration },
  };

  function money(currency) {
    const style = { style: "currency", currency };
    const full = new Intl.NumberFormat(locale, style);
    const tick = new Intl.NumberFormat(locale, { ...style, notation: "compact", maximumFractionDigits: 1 });
    return { tick: (value) => tick.format(value), full: (value) => full.format(value) };
  }

  function unitOf(data) {
    if (data.unit === "money") return money(data.currency);
    const fractions = [...data.current, ...(data.previous || [])].some((value) => value % 1);
    return data.unit === "count" && fractions ? units.ratio : units[data.unit] || units.count;
  }

  // --- Colours from tokens.css, as the theme of the moment has them -----------------------------

  function colours() {
    const probe = document.body.appendChild(document.createElement("i"));
    const read = (token) => {
      probe.style.color = `var(${token})`;
      return getComputedStyle(probe).color;
    };
    const all = {
      current: read("--chart-current"),
      previous: read("--chart-previous"),
      fill: read("--chart-fill"),
      grid: read("--chart-grid"),
      line: read("--line-strong"),
      surface: read("--surface"),
      muted: read("--muted"),
      text: read("--text"),
      page: read("--page"),
    };
    probe.remove();
    return all;
  }

  // --- The two lines ----------------------------------------------------------------------------

  const lastMeasured = (values) => values.findLastIndex((value) => value !== null);
  const standsAlone = (values, at) => values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;

  function currentLine(data, colour) {
    const end = data.unfinished ? lastMeasured(data.current) : -1;
    return {
      label: data.label,
      data: data.current,
      borderColor: colour.current,
      backgroundColor: colour.fill,
      borderWidth: 2,
      fill: "origin",
      order: 0,
      segment: {
        borderDash: ({ p1DataIndex }) => (p1DataIndex === end ? [4, 4] : undefined),
        backgroundColor: ({ p1DataIndex }) => (p1DataIndex === end ? "transparent" : undefined),
      },
      pointRadius: ({ dataIndex }) => (dataIndex === end || standsAlone(data.current, dataIndex) ? 3.5 : 0),
      pointBackgroundColor: ({ dataIndex }) => (dataIndex === end ? colour.surface : colour.current),
      pointBorderColor: colour.current,
      pointBorderWidth: 2,
      pointHoverRadius: 4.5,
      pointHoverBackgroundColor: colour.surface,
      pointHoverBorderColor: colour.current,
      pointHoverBorderWidth: 2,
    };
  }

  function previousLine(data, colour) {
    return {
      label: data.previous_label,
      data: data.previous,
      borderColor: colour.previous,
      borderWidth: 1.25,
      fill: false,
      order: 1,
      pointRadius: ({ dataIndex }) => (standsAlone(data.previous, dataIndex) ? 2 : 0),
      pointBackgroundColor: colour.previous,
      pointBorderWidth: 0,
      pointHoverRadius: 3,
      pointHoverBackgroundColor: colour.previous,
    };
  }

  const guide = (colour) => ({
    id: "guide",
    beforeDatasetsDraw({ ctx, chartArea, tooltip }) {
      if (!tooltip?.opacity || !tooltip.dataPoints?.length) return;
      const x = Math.round(tooltip.dataPoints[0].element.x) + 0.5;
      ctx.save();
      ctx.strokeStyle = colour.line;
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  });

  // --- The frame --------------------------------------------------------------------------------

  function scales(data, unit, colour, font) {
    const top = Math.max(0, ...data.current, ...(data.previous || []));
    return {
      x: {
        border: { color: colour.line },
        grid: { display: false },
        ticks: { color: colour.muted, font, maxRotation: 0, autoSkipPadding: 24, padding: 4 },
      },
      y: {
        beginAtZero: true,
        suggestedMax: top || (data.unit === "rate" ? 1 : 4),
        border: { display: false },
        grid: { color: colour.grid, drawTicks: false },
        ticks: {
          color: colour.muted,
          font,
          padding: 8,
          maxTicksLimit: 5,
          precision: data.unit === "count" && top > 5 ? 0 : undefined,
          stepSize: data.unit === "seconds" ? niceSeconds(top) : undefined,
          callback: unit.tick,
        },
      },
    };
  }

  function niceSeconds(top) {
    const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
    return steps.find((step) => top / step <= 4);
  }

  function tooltip(data, unit, colour, font) {
    return {
      backgroundColor: colour.text,
      titleColor: colour.page,
      bodyColor: colour.page,
      titleFont: { ...font, weight: "normal" },
      bodyFont: font,
      padding: 10,
      cornerRadius: 6,
      caretSize: 0,
      caretPadding: 10,
      displayColors: false,
      itemSort: (a, b) => a.datasetIndex - b.datasetIndex,
      callbacks: {
        label: ({ dataset, parsed }) => `${dataset.label}: ${unit.full(parsed.y)}`,
      },
    };
  }

  function options(data, colour, canvas) {
    const unit = unitOf(data);
    const style = getComputedStyle(canvas);
    const font = { family: style.fontFamily, size: 12 };
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      normalized: true,
      interaction: { mode: "index", intersect: false },
      onClick: (event, points) => {
        const url = points.length && data.urls?.[points[0].index];
        if (url) location.assign(url);
      },
      onHover: (event, points) => {
        canvas.classList.toggle("leads", Boolean(points.length && data.urls?.[points[0].index]));
      },
      layout: { padding: { top: 6, right: 6 } },
      elements: { line: { borderJoinStyle: "round", borderCapStyle: "round", tension: 0 } },
      scales: scales(data, unit, colour, font),
      plugins: { legend: { display: false }, tooltip: tooltip(data, unit, colour, font) },
    };
  }

  function draw() {
    chart?.destroy();
    chart = null;
    const source = document.getElementById("chart-data");
    const canvas = document.querySelector(".chart-plot canvas");
    if (!source || !canvas || typeof Chart === "undefined") return;
    const data = JSON.parse(source.textContent);
    if (!data) return;
    const colour = colours();
    const datasets = [currentLine(data, colour)];
    if (data.previous) datasets.push(previousLine(data, colour));
    canvas.hidden = false;
    canvas.parentElement.querySelector("svg")?.remove();
    chart = new Chart(canvas, {
      type: "line",
      data: { labels: data.labels, datasets },
      options: options(data, colour, canvas),
      plugins: [guide(colour)],
    });
  }

  document.addEventListener("themechange", draw);
  document.addEventListener("htmx:afterSwap", draw);
  // On paper: in the colours of paper, and no wider than it.
  matchMedia("print").addEventListener("change", ({ matches }) => {
    draw();
    if (matches) chart?.resize(660, 240);
  });
  draw();
})();
