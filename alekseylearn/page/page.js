"use strict";
// The page is whole without this script: it draws the tables of curves as charts, and lets a key walk along them.
(() => {
  const looks = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = (value) => (value == null ? "none" : String(Number(value.toPrecision(4))));

  function draw(figure) {
    const { kinds, columns } = JSON.parse(figure.dataset.chart);
    const names = [...figure.querySelectorAll(".legend li")].map((item) => item.firstChild.nextSibling.data.trim());
    const place = figure.querySelector(".chart");
    const walk = figure.querySelector(".walk");
    const [slider, told, whole] = ["input", "output", "button"].map((name) => walk.querySelector(name));
    const steps = columns[0];

    // Says the values at one step, for eyes and for a screen reader.
    function tell(index) {
      const values = columns.slice(1).map((column, line) => `${names[line]}: ${short(column[index])}`);
      told.textContent = values.join("; ");
      slider.value = index;
      slider.setAttribute("aria-valuetext", `${steps[index]}. ${told.textContent}`);
    }

    const axis = {
      stroke: () => colour("--quiet"),
      grid: { stroke: () => colour("--edge"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    const lines = kinds.map(([side, metric]) => ({
      stroke: () => colour(`--${side}${metric}`),
      width: side === "head" ? 2.5 : 2,
      dash: side === "base" ? [6, 5] : [],
      spanGaps: true,
      points: { show: steps.length < 2 },
    }));
    place.hidden = walk.hidden = false;
    const chart = new uPlot(
      {
        width: place.clientWidth,
        height: place.clientHeight,
        legend: { show: false },
        cursor: { y: false, points: { size: 8 }, drag: { x: true, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7] },
          {
            ...axis,
            values: (_, splits) => splits.map((value) => short(value)),
            size: (_, values) => 18 + 7 * Math.max(3, ...(values || []).map((value) => value.length)),
          },
        ],
        series: [{}, ...lines],
        hooks: {
          setCursor: [(self) => self.cursor.idx != null && tell(self.cursor.idx)],
          setScale: [(self, key) => key === "x" && zoomed(self)],
        },
      },
      columns,
      place,
    );
    function zoomed(self) {
      whole.hidden = self.scales.x.min <= steps[0] && self.scales.x.max >= steps[steps.length - 1];
    }
    slider.addEventListener("input", () => {
      tell(Number(slider.value));
      chart.setCursor({ left: chart.valToPos(steps[slider.value], "x"), top: 0 });
    });
    whole.addEventListener("click", () => {
      chart.setScale("x", { min: steps[0], max: steps[steps.length - 1] });
      slider.focus();
    });
    looks.addEventListener("change", () => chart.redraw(false, true));
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
    // Where this version ends, which may be before the base does.
    tell(columns[1].findLastIndex((value) => value != null));
  }

  // What does not scroll needs no stop of the Tab key, and is no region to be announced.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth + 1 || target.scrollHeight > target.clientHeight + 1;
      target.toggleAttribute("tabindex", scrolls);
      if (scrolls) {
        target.tabIndex = 0;
        target.setAttribute("role", "region");
        target.setAttribute("aria-label", target.dataset.label);
      } else {
        target.removeAttribute("role");
        target.removeAttribute("aria-label");
      }
    }
  });
  for (const box of document.querySelectorAll(".scroll")) {
    box.dataset.label = box.getAttribute("aria-label");
    sizes.observe(box);
  }
  if (typeof uPlot === "function") document.querySelectorAll("figure[data-chart]").forEach(draw);
})();
