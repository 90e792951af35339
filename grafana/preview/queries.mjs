// What Grafana's Prometheus data source does with the targets of a panel: steps, ranges, legends and the shape of the frames.
// Frames are plain data here ({name, refId, meta, fields: [{name, type, values, labels, config}]}); the page makes them real.
import { rangeUtil } from './grafana-data.cjs';
import { ask } from './prometheus.mjs';
import { substitute } from './variables.mjs';

const MOST_POINTS = 11_000; // Prometheus refuses more in one answer

const seconds = (ms) => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
const shortest = (ms) => {
  for (const [unit, length] of [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000]]) {
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  }
  return seconds(ms);
};

function stepOf(range, points, minimum) {
  const span = range.to - range.from;
  const safe = span / MOST_POINTS;
  return Math.max(rangeUtil.roundInterval(span / points), minimum, safe > 1000 ? Math.ceil(safe / 1000) * 1000 : 0);
}

// scrapeMs is the data source's "scrape interval" setting: the least step, and what $__rate_interval is made of. A target's own
// least step takes its place in both; a panel's only in the step.
export function timing(range, points, scrapeMs, { ofTarget, ofPanel } = {}) {
  const least = ofTarget ? Math.max(rangeUtil.intervalToMs(ofTarget), scrapeMs) : scrapeMs; // the history is sampled no finer
  const step = stepOf(range, points, Math.max(least, ofPanel ? rangeUtil.intervalToMs(ofPanel) : 0));
  const span = Math.round((range.to - range.from) / 1000);
  return {
    step,
    builtin: {
      __interval: shortest(step),
      __interval_ms: String(step),
      __rate_interval: seconds(Math.max(step + least, 4 * least)),
      __rate_interval_ms: String(Math.max(step + least, 4 * least)),
      __range: `${span}s`,
      __range_s: String(span),
      __range_ms: String(span * 1000),
      __from: String(range.from),
      __to: String(range.to),
    },
  };
}

const number = (text) => (text === 'NaN' ? null : text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function seriesName(labels) {
  const { __name__: name = '', ...rest } = labels;
  const inside = Object.entries(rest).map(([key, value]) => `${key}="${value}"`).join(', ');
  return inside || !name ? `${name}{${inside}}` : name;
}

function legend(target, labels) {
  const format = target.legendFormat;
  if (format === '__auto') return Object.keys(labels).length ? undefined : target.expr;
  if (!format) return seriesName(labels);
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, key) => labels[key] ?? '');
}

export async function runTargets(panel, context, points) {
  const frames = [];
  const problems = [];
  for (const target of (panel.targets ?? []).filter((one) => !one.hide && one.expr)) {
    const { step, builtin } = timing(context.range, panel.maxDataPoints ?? points, context.scrapeMs, { ofTarget: target.interval, ofPanel: panel.interval });
    const expr = substitute(target.expr, context.variables, builtin);
    const named = { ...target, expr, legendFormat: substitute(target.legendFormat ?? '', context.variables, builtin) };
    try {
      if (/\$\w/.test(expr)) throw new Error(`left unresolved: ${expr}`);
      if (target.instant !== true || target.range === true) frames.push(...(await overRange(named, context, step, expr)));
      if (target.instant === true) frames.push(...(await atEnd(named, context, expr)));
    } catch (error) {
      problems.push(`${panel.title} ${target.refId}: ${error.message}`);
    }
  }
  return { frames: tables(frames, panel), problems };
}

async function overRange(target, { url, range }, step, expr) {
  const start = Math.floor(range.from / step) * step;
  const end = Math.floor(range.to / step) * step;
  const { result } = await ask(url, 'query_range', { query: expr, start: start / 1000, end: end / 1000, step: step / 1000 });
  if (target.format === 'table') return [rows(target, result.flatMap((one) => one.values.map((value) => ({ labels: one.metric, value }))))];
  const frames = result.map((one) => series(target, one.metric, one.values, step));
  return target.format === 'heatmap' ? buckets(frames) : frames;
}

async function atEnd(target, { url, range }, expr) {
  const { result, resultType } = await ask(url, 'query', { query: expr, time: range.to / 1000 });
  const found = resultType === 'scalar' ? [{ metric: {}, value: result }] : result;
  if (target.format === 'table') return [rows(target, found.map((one) => ({ labels: one.metric, value: one.value })))];
  const frames = found.map((one) => series(target, one.metric, [one.value], undefined));
  return target.format === 'heatmap' ? buckets(frames) : frames;
}

function series(target, labels, values, interval) {
  return {
    refId: target.refId,
    name: legend(target, labels),
    meta: { type: interval ? 'timeseries-multi' : 'numeric-multi', executedQueryString: target.expr },
    fields: [
      { name: 'Time', type: 'time', config: interval ? { interval } : {}, values: values.map(([at]) => at * 1000) },
      { name: 'Value', type: 'number', labels, config: { displayNameFromDS: legend(target, labels) }, values: values.map(([, value]) => number(value)) },
    ],
  };
}

function rows(target, found) {
  const names = [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return {
    refId: target.refId,
    table: true,
    meta: { preferredVisualisationType: 'table' },
    fields: [
      { name: 'Time', type: 'time', config: {}, values: found.map(({ value }) => value[0] * 1000) },
      ...names.map((name) => ({ name, type: 'string', config: { filterable: true }, values: found.map(({ labels }) => labels[name] ?? null) })),
      { name: 'Value', type: 'number', config: {}, values: found.map(({ value }) => number(value[1])) },
    ],
  };
}

// Several table targets of one panel get their value columns told apart, as Grafana does.
function tables(frames, panel) {
  const several = frames.filter((frame) => frame.table).length > 1 || (panel.targets ?? []).filter((one) => one.format === 'table').length > 1;
  if (several) for (const frame of frames) if (frame.table) frame.fields.at(-1).name = `Value #${frame.refId}`;
  return frames;
}

// Cumulative "le" series, sorted, each less the one below: what a heat map wants.
function buckets(frames) {
  const bound = (frame) => number(frame.fields[1].labels.le ?? '+Inf');
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b));
  const times = [...new Set(sorted.flatMap((frame) => frame.fields[0].values))].sort((a, b) => a - b);
  let below = new Map();
  const fields = sorted.map((frame) => {
    const cumulative = new Map(frame.fields[0].values.map((at, index) => [at, frame.fields[1].values[index]]));
    const values = times.map((at) => (cumulative.has(at) ? Math.max(0, cumulative.get(at) - (below.get(at) ?? 0)) : null));
    below = cumulative;
    return { ...frame.fields[1], name: String(frame.fields[1].labels.le), values };
  });
  return fields.length ? [{ refId: frames[0].refId, meta: { type: 'heatmap-rows' }, fields: [{ ...frames[0].fields[0], values: times }, ...fields] }] : [];
}

// Each sample that is not 0 is an event; with useValueForTime its value is the time. Neighbouring samples become one region.
export async function runAnnotations(dashboard, context) {
  const events = [];
  const problems = [];
  for (const annotation of dashboard.annotations?.list ?? []) {
    const target = annotation.target?.expr ? annotation.target : annotation;
    const shownOn = annotation.filter?.ids?.length ? annotation.filter : { exclude: true, ids: [] };
    if (!target.expr || annotation.enable === false) continue;
    const { step, builtin } = timing(context.range, MOST_POINTS, context.scrapeMs, { ofTarget: annotation.step || '60s' });
    const expr = substitute(target.expr, context.variables, builtin);
    const start = Math.floor(context.range.from / step) * step;
    try {
      const { result } = await ask(context.url, 'query_range', { query: expr, start: start / 1000, end: context.range.to / 1000, step: step / 1000 });
      const found = result.flatMap((one) => eventsOf(one, annotation, step)).map((event) => ({ ...event, shownOn })).filter(({ from }) => from >= context.range.from && from <= context.range.to);
      events.push(...found);
      problems.push(...(result.length ? [] : [`annotation ${annotation.name}: no series at all in this range`]));
    } catch (error) {
      problems.push(`annotation ${annotation.name}: ${error.message}`);
    }
  }
  return { events, problems };
}

function eventsOf({ values }, annotation, step) {
  const color = annotation.iconColor;
  const name = annotation.name;
  if (annotation.useValueForTime === true || annotation.useValueForTime === 'on') {
    return [...new Set(values.map(([, value]) => Math.floor(Number(value))))].map((from) => ({ from, to: from, color, name }));
  }
  const events = [];
  for (const [at, value] of values) {
    if (!Number(value)) continue;
    const last = events.at(-1);
    if (last && at * 1000 - last.to <= step) last.to = at * 1000;
    else events.push({ from: at * 1000, to: at * 1000, color, name });
  }
  return events;
}
