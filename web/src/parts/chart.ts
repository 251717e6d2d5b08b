import uPlot from "uplot";

const DAY_S = 86_400;

export interface DayBars {
  /** Starts of days, in seconds since 1970. */
  readonly days: readonly number[];
  readonly values: readonly number[];
}

export interface ChartOptions {
  /** Labels for the values of one axis. */
  readonly formatAxis: (values: readonly number[]) => string[];
  /** Lines of the box beside the pointer; the first is its heading. */
  readonly describe: (index: number) => readonly string[];
  /** A level to keep below, in the unit of the values. */
  readonly limit?: { readonly value: number; readonly label: string };
  /** Called with the first and last bar of a stretch that was dragged over. */
  readonly onSelect: (first: number, last: number) => void;
}

/** Bars by day on a canvas, drawn in the colours of the page. */
export class DayChart {
  readonly #host: HTMLElement;
  #bars: DayBars;
  readonly #plot: uPlot;
  readonly #resize: ResizeObserver;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #redraw = (): void => this.redraw();

  constructor(host: HTMLElement, bars: DayBars, options: ChartOptions) {
    this.#host = host;
    this.#bars = bars;
    const color = (name: string) => (): string => resolveColor(host, name);
    const hint = document.createElement("div");
    hint.className = "chart-hint";
    hint.hidden = true;
    const bar = uPlot.paths.bars?.({ size: [0.72, 44], radius: 0.12 });
    const axis: uPlot.Axis = {
      font: `11px ${getComputedStyle(host).fontFamily}`,
      stroke: color("--muted"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { stroke: color("--line"), width: 1, size: 4 },
    };
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        padding: [10, 8, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false },
        },
        scales: {
          // From the days themselves: for a single one the chart's own guess is years wide.
          x: { time: true, range: () => [(this.#bars.days[0] ?? 0) - DAY_S * 0.6, (this.#bars.days.at(-1) ?? 0) + DAY_S * 0.6] },
          y: { range: (_plot, _min, max) => [0, Math.max(max, options.limit?.value ?? 0) * 1.08 || 1] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 64,
            incrs: [1, 2, 3, 7, 14, 30, 61, 91, 182, 365, 730, 1825, 3650, 18_250, 36_500, 182_500, 365_000].map((days) => days * DAY_S),
            values: (_plot, splits) => dayLabels(splits),
          },
          {
            ...axis,
            size: (_plot, labels) => 14 + 6.6 * Math.max(3, ...(labels ?? []).map((label) => label.length)),
            values: (_plot, splits) => options.formatAxis(splits),
          },
        ],
        series: [
          {},
          {
            fill: color("--accent"),
            stroke: color("--accent"),
            width: 0,
            points: { show: false },
            ...(bar !== undefined && { paths: bar }),
          },
        ],
        hooks: {
          ...(options.limit !== undefined && { draw: [(plot: uPlot) => drawLimit(plot, options.limit, { line: color("--warn")(), ground: color("--panel")() })] }),
          setCursor: [(plot) => placeHint(plot, hint, options.describe)],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width < 2) return;
              const first = firstAtOrAfter(this.#bars.days, plot.posToVal(left, "x") - DAY_S / 2);
              const last = firstAtOrAfter(this.#bars.days, plot.posToVal(left + width, "x") + DAY_S / 2) - 1;
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              if (first <= last) options.onSelect(first, last);
            },
          ],
        },
      },
      [[...bars.days], [...bars.values]],
      host,
    );
    this.#plot.over.append(hint);
    this.#resize = new ResizeObserver(() => this.#plot.setSize(this.#size()));
    this.#resize.observe(host);
    this.#scheme.addEventListener("change", this.#redraw);
  }

  /** Other values, or other days, in the same chart: what the pointer shows stays. */
  update(bars: DayBars): void {
    this.#bars = bars;
    this.#plot.setData([[...bars.days], [...bars.values]]);
  }

  /** Draws again, after the colours of the page have changed. */
  redraw(): void {
    this.#plot.redraw(false, true);
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot.destroy();
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#host.clientWidth, 160), height: 232 };
  }
}

/** A dashed line across the days, with its name above it at the left. */
function drawLimit(plot: uPlot, limit: ChartOptions["limit"], colors: { line: string; ground: string }): void {
  if (limit === undefined) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(limit.value, "y", true));
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  // On a ground of its own: bars may stand behind it.
  ctx.font = `${11 * ratio}px ${getComputedStyle(plot.root).fontFamily}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  const width = ctx.measureText(limit.label).width;
  ctx.fillStyle = colors.ground;
  ctx.fillRect(bbox.left + 4 * ratio, y - 18 * ratio, width + 10 * ratio, 15 * ratio);
  ctx.fillStyle = colors.line;
  ctx.fillText(limit.label, bbox.left + 9 * ratio, y - 6 * ratio);
  ctx.restore();
}

/** The colour that a custom property means here and now, `light-dark()` resolved. */
function resolveColor(host: HTMLElement, property: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  host.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

const MONTH = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** `20 Nov`, with the year where it changes. */
function dayLabels(splits: readonly number[]): string[] {
  let year: number | null = null;
  return splits.map((seconds, index) => {
    const date = new Date(seconds * 1000);
    const changed = year !== null && date.getUTCFullYear() !== year;
    year = date.getUTCFullYear();
    return changed || index === 0 ? `${MONTH.format(date)}\n${year}` : MONTH.format(date);
  });
}

function placeHint(plot: uPlot, hint: HTMLElement, describe: (index: number) => readonly string[]): void {
  const { idx, left } = plot.cursor;
  if (idx === null || idx === undefined || left === undefined || left < 0) {
    hint.hidden = true;
    return;
  }
  hint.replaceChildren(
    ...describe(idx).map((line, at) => {
      const element = document.createElement(at === 0 ? "strong" : "span");
      element.textContent = line;
      return element;
    }),
  );
  hint.hidden = false;
  const at = plot.valToPos(plot.data[0][idx] ?? 0, "x");
  const room = plot.over.clientWidth - hint.offsetWidth;
  const beside = at + 14 > room ? at - hint.offsetWidth - 14 : at + 14;
  hint.style.transform = `translate(${Math.max(0, Math.min(room, beside))}px, 4px)`;
}

/** Index of the first value that is not below the bound; the length if all are below. */
function firstAtOrAfter(values: readonly number[], bound: number): number {
  const at = values.findIndex((value) => value >= bound);
  return at < 0 ? values.length : at;
}
