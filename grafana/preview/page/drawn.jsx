// Panels that only Grafana's server has (state timeline, status history, heat map, bar chart, pie, histogram), drawn anew:
// values, units, mappings, thresholds and colours come from Grafana's display processors, the shapes are ours.
import { FieldType, getFieldDisplayName, formattedValueToString, getDisplayProcessor, getFieldDisplayValues, buildHistogram, histogramFieldsToFrame, dateTimeFormat } from '@grafana/data';
import { VizLayout, VizLegend } from '@grafana/ui';
import { arc as shapeOfArc, interpolateRgbBasis, pie as sharesOf } from 'd3';
import * as d3 from 'd3';

const FONT = 12;
const text = (value) => formattedValueToString(value);
const ruler = document.createElement('canvas').getContext('2d');
const wide = (string) => {
  ruler.font = `${FONT}px Inter`;
  return ruler.measureText(string).width + 2;
};

function ticksOf(timeRange, width) {
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const scale = d3.scaleUtc([from, to], [0, width]);
  const span = to - from;
  const format = span <= 26 * 3600e3 ? 'HH:mm' : span <= 3 * 86400e3 ? 'MM/DD HH:mm' : 'MM/DD';
  const most = Math.max(2, Math.floor(width / 90));
  const days = Math.ceil(span / 86400e3 / most);
  const instants = format === 'MM/DD' ? scale.ticks(d3.utcDay.filter((day) => Math.round(day / 86400e3) % days === 0)) : scale.ticks(most);
  return { scale, marks: instants.map((at) => ({ x: scale(at), label: dateTimeFormat(at.valueOf(), { format, timeZone: 'utc' }) })) };
}

function TimeAxis({ marks, top, left, width, theme, gridFrom = 0 }) {
  return marks.filter(({ x }) => x > 14 && x < width - 14).map(({ x, label }) => (
    <g key={x} transform={`translate(${left + x},0)`}>
      <line y1={gridFrom} y2={top} stroke={theme.colors.border.weak} />
      <text y={top + 16} textAnchor="middle" fontSize={FONT} fill={theme.colors.text.primary}>{label}</text>
    </g>
  ));
}

function WithLegend({ panel, items, width, height, children }) {
  const options = { showLegend: true, displayMode: 'list', placement: 'bottom', ...panel.options?.legend };
  const legend = options.showLegend && options.displayMode !== 'hidden' && items.length ? (
    <VizLayout.Legend placement={options.placement} width={options.width}>
      <VizLegend items={items} placement={options.placement} displayMode={options.displayMode} readonly />
    </VizLayout.Legend>
  ) : null;
  return <VizLayout width={width} height={height} legend={legend}>{children}</VizLayout>;
}

// One row a field: runs of equal value (state timeline) or one cell a sample (status history).
function rowsOf(frames, mergeAll, end) {
  return frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    if (!time) return [];
    return frame.fields.filter((field) => field !== time).map((field) => ({
      name: getFieldDisplayName(field, frame, frames), field, cells: cellsOf(time.values, field, mergeAll, time.config.interval, end),
    }));
  });
}

function cellsOf(times, field, merge, interval = 0, end) {
  const cells = [];
  times.forEach((at, index) => {
    const value = field.values[index];
    const last = cells.at(-1);
    const gap = last && interval && at - times[index - 1] > interval * 1.5;
    if (last) last.to = gap ? times[index - 1] + interval : at;
    if (value === null || value === undefined) { cells.push({ from: at, to: at, none: true }); return; }
    const shown = field.display(value);
    if (merge && last && !gap && !last.none && last.label === text(shown) && last.color === shown.color) return;
    cells.push({ from: at, to: end, label: text(shown), color: shown.color });
  });
  if (cells.length) cells.at(-1).to = interval ? Math.min(end, times.at(-1) + interval) : end;
  return cells.filter(({ none }) => !none);
}

function statesLegend(rows, theme) {
  const items = new Map();
  for (const { field } of rows) {
    for (const { type, options } of field.config.mappings ?? []) {
      for (const { text: label, color } of type === 'value' ? Object.values(options) : [options.result]) {
        if (label) items.set(label, theme.visualization.getColorByName(color ?? theme.colors.text.disabled));
      }
    }
    const { steps = [] } = field.config.mappings?.length || field.config.color?.mode !== 'thresholds' ? {} : (field.config.thresholds ?? {});
    steps.forEach((step, index) => {
      const next = steps[index + 1]?.value;
      const label = index === 0 ? `< ${text(field.display(next ?? 0))}` : `${text(field.display(step.value))}+`;
      items.set(label, theme.visualization.getColorByName(step.color));
    });
  }
  return [...items].map(([label, color]) => ({ label, color, yAxis: 1 }));
}

export function States(props) {
  const { panel, frames, width, height, timeRange, theme, events } = props;
  const single = panel.type === 'state-timeline';
  const rows = rowsOf(frames, single && panel.options?.mergeValues !== false, timeRange.to.valueOf());
  const share = panel.options?.rowHeight ?? 0.9;
  return (
    <WithLegend panel={panel} items={statesLegend(rows, theme)} width={width} height={height}>
      {(w, h) => {
        const left = Math.min(w * 0.3, Math.max(...rows.map(({ name }) => wide(name)), 0) + 12);
        const { scale, marks } = ticksOf(timeRange, w - left - 4);
        const each = (h - 24) / rows.length;
        return (
          <svg width={w} height={h} fontFamily={theme.typography.fontFamily}>
            <TimeAxis marks={marks} top={h - 24} left={left} width={w - left} theme={theme} />
            {rows.map(({ name, cells }, row) => {
              const [y, tall] = [row * each + (each * (1 - share)) / 2, each * share];
              return (
                <g key={name}>
                  <text x={left - 8} y={y + tall / 2 + 4} textAnchor="end" fontSize={FONT} fill={theme.colors.text.primary}>{name}</text>
                  {cells.map(({ from, to, label, color }) => {
                    const x = Math.max(0, scale(from));
                    const across = Math.max(single ? 0 : 1, Math.min(scale(to), w - left - 4) - x);
                    const room = across * (single ? 1 : (panel.options?.colWidth ?? 0.9));
                    const shown = panel.options?.showValue !== 'never' && room > wide(label) + 8 && tall > 14;
                    return (
                      <g key={from} transform={`translate(${left + x},${y})`}>
                        <rect width={room} height={tall} fill={color} fillOpacity={(props.fieldConfig.defaults.custom.fillOpacity ?? 70) / 100} stroke={single ? 'none' : color} />
                        {shown && <text x={single && panel.options?.alignValue !== 'center' ? 5 : room / 2} textAnchor={single && panel.options?.alignValue !== 'center' ? 'start' : 'middle'} y={tall / 2 + 4} fontSize={FONT} fill={theme.colors.getContrastText(color, 3)}>{label}</text>}
                      </g>
                    );
                  })}
                </g>
              );
            })}
            {events.map(({ from, color }, index) => (
              <line key={index} x1={left + scale(from)} x2={left + scale(from)} y1={0} y2={h - 24} stroke={theme.visualization.getColorByName(color)} strokeWidth={1.5} strokeDasharray="4 4" />
            ))}
          </svg>
        );
      }}
    </WithLegend>
  );
}

export function Heatmap({ panel, frames, width, height, timeRange, theme }) {
  const frame = frames[0];
  const [time, ...rows] = frame.fields.filter(({ type }) => type === FieldType.time || type === FieldType.number);
  const color = { scheme: 'Oranges', steps: 64, ...panel.options?.color };
  const scheme = d3[`interpolate${color.scheme}`] ?? d3.interpolateOranges;
  const flipped = theme.isDark === Boolean(color.reverse) ? (share) => share : (share) => 1 - share;
  const all = rows.flatMap(({ values }) => values.filter((value) => value > (panel.options?.filterValues?.le ?? 1e-9)));
  const [least, most] = [color.min ?? d3.min(all) ?? 0, color.max ?? d3.max(all) ?? 1];
  const unit = getDisplayProcessor({ field: { type: FieldType.number, config: { unit: panel.options?.yAxis?.unit, decimals: panel.options?.yAxis?.decimals } }, theme, timeZone: 'utc' });
  const shown = (name) => (Number.isNaN(Number(name)) || name === '+Inf' ? name.replace('+Inf', '∞') : text(unit(Number(name))));
  const labels = rows.map((field) => shown(getFieldDisplayName(field, frame)));
  const left = Math.max(...labels.map(wide), 20) + 12;
  const strip = panel.options?.legend?.show === false ? 0 : 30;
  const [w, h] = [width - left - 4, height - 24 - strip];
  const { scale, marks } = ticksOf(timeRange, w);
  const tall = (h - 8) / rows.length;
  const step = time.config.interval ?? (time.values[1] - time.values[0]) ?? 60_000;
  const every = Math.ceil(16 / tall);
  return (
    <svg width={width} height={height} fontFamily={theme.typography.fontFamily} shapeRendering="crispEdges">
      <TimeAxis marks={marks} top={h} left={left} width={w} theme={theme} />
      {rows.map((field, row) => (
        <g key={row} transform={`translate(${left},${h - (row + 1) * tall})`}>
          {row % every === 0 && <text x={-8} y={4} textAnchor="end" fontSize={FONT} fill={theme.colors.text.primary}>{labels[row]}</text>}
          {field.values.map((value, index) => {
            if (!(value > (panel.options?.filterValues?.le ?? 1e-9))) return null;
            const x = Math.max(0, scale(time.values[index] - step));
            return <rect key={index} x={x} width={Math.max(1, scale(time.values[index]) - x)} height={tall} fill={scheme(flipped(Math.sqrt(Math.min(1, (value - least) / (most - least || 1)))))} />;
          })}
        </g>
      ))}
      {strip > 0 && d3.range(64).map((cell) => <rect key={cell} x={left + cell * 3} y={height - 22} width={3} height={8} fill={scheme(flipped(Math.sqrt(cell / 64)))} />)}
      {strip > 0 && [[0, least, 'start'], [192, most, 'end']].map(([x, value, anchor]) => (
        <text key={anchor} x={left + x} y={height - 2} fontSize={10} textAnchor={anchor} fill={theme.colors.text.primary}>{rows[0] ? text(rows[0].display(value)) : ''}</text>
      ))}
    </svg>
  );
}

export function Bars({ panel, frames, width, height, theme }) {
  const frame = frames[0];
  const names = frame.fields.find(({ name }) => name === panel.options?.xField) ?? frame.fields.find(({ type }) => type !== FieldType.number) ?? frame.fields[0];
  const fields = frame.fields.filter((field) => field.type === FieldType.number && field !== names && !field.config.custom?.hideFrom?.viz);
  const format = (value) => (names.type === FieldType.time ? dateTimeFormat(value, { format: 'MM/DD', timeZone: 'utc' }) : text(names.display(value)));
  const labels = names.values.map(format);
  const colorOf = (field, value) => (field.config.color?.mode?.startsWith('palette') ? field.display(d3.max(field.values)).color : field.display(value).color);
  const items = fields.map((field) => ({ label: getFieldDisplayName(field, frame, frames), color: colorOf(field, d3.max(field.values)), yAxis: 1 }));
  const stacked = panel.options?.stacking && panel.options.stacking !== 'none';
  const flat = panel.options?.orientation === 'horizontal';
  return (
    <WithLegend panel={panel} items={items} width={width} height={height}>
      {(w, h) => {
        const totals = labels.map((_, index) => (stacked ? d3.sum(fields, ({ values }) => values[index]) : d3.max(fields, ({ values }) => values[index])) ?? 0);
        const most = fields[0]?.config.max ?? (d3.max(totals) || 1);
        const ticks = d3.scaleLinear([0, most], [0, 1]).nice(5);
        const marks = ticks.ticks(flat ? 5 : Math.max(2, Math.floor(h / 40)));
        const numbers = marks.map((value) => text(fields[0].display(value)));
        const left = (flat ? Math.max(...labels.map(wide)) : Math.max(...numbers.map(wide))) + 10;
        const [across, down] = [w - left - 10, h - 24];
        const band = d3.scaleBand(d3.range(labels.length), [0, flat ? down : across]).padding(1 - (panel.options?.barWidth ?? 0.97) * 0.85);
        const every = flat ? 1 : Math.ceil((Math.max(...labels.map(wide)) + 14) / band.step());
        const length = (value) => ticks(value) * (flat ? across : down - 8);
        return (
          <svg width={w} height={h} fontFamily={theme.typography.fontFamily} fontSize={FONT} fill={theme.colors.text.primary}>
            {marks.map((value, index) => (flat
              ? <g key={value} transform={`translate(${left + length(value)},0)`}><line y2={down} stroke={theme.colors.border.weak} /><text y={down + 16} textAnchor="middle">{numbers[index]}</text></g>
              : <g key={value} transform={`translate(0,${down - length(value)})`}><line x1={left} x2={w} stroke={theme.colors.border.weak} /><text x={left - 6} y={4} textAnchor="end">{numbers[index]}</text></g>
            ))}
            {labels.map((label, index) => {
              let base = 0;
              const each = stacked ? band.bandwidth() : band.bandwidth() / fields.length;
              const at = band(index);
              return (
                <g key={index}>
                  {fields.map((field, which) => {
                    const value = field.values[index] ?? 0;
                    const size = length(value);
                    const start = at + (stacked ? 0 : which * each);
                    const shape = flat ? { x: left + base, y: start, width: size, height: each } : { x: left + start, y: down - base - size, width: each, height: size };
                    if (stacked) base += size;
                    const color = colorOf(field, value);
                    const written = panel.options?.showValue === 'always' || (panel.options?.showValue !== 'never' && each > wide(text(field.display(value))) && size > 16);
                    return (
                      <g key={which}>
                        <rect {...shape} fill={color} fillOpacity={(field.config.custom?.fillOpacity ?? 80) / 100} stroke={color} />
                        {written && !flat && value > 0 && <text x={shape.x + each / 2} y={shape.y - 4 < 10 ? shape.y + 14 : shape.y - 4} textAnchor="middle">{text(field.display(value))}</text>}
                        {written && flat && <text x={Math.min(shape.x + size + 4, w - wide(text(field.display(value))))} y={start + each / 2 + 4}>{text(field.display(value))}</text>}
                      </g>
                    );
                  })}
                  {flat && <text x={left - 6} y={at + band.bandwidth() / 2 + 4} textAnchor="end">{label}</text>}
                  {!flat && index % every === 0 && <text x={left + at + band.bandwidth() / 2} y={down + 16} textAnchor="middle">{label}</text>}
                </g>
              );
            })}
          </svg>
        );
      }}
    </WithLegend>
  );
}

export function Pie({ panel, frames, fieldConfig, width, height, theme, replace }) {
  const values = getFieldDisplayValues({
    fieldConfig, data: frames, theme, replaceVariables: replace, timeZone: 'utc', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false, ...panel.options?.reduceOptions },
  }).filter(({ display }) => !Number.isNaN(display.numeric));
  const total = d3.sum(values, ({ display }) => display.numeric);
  const shows = panel.options?.legend?.values ?? [];
  const items = values.map(({ display }) => ({
    label: display.title ?? '', color: display.color, yAxis: 1,
    getDisplayValues: () => [
      ...(shows.includes('value') ? [{ ...display, title: 'Value' }] : []),
      ...(shows.includes('percent') ? [{ numeric: display.numeric / total, text: `${total ? Math.round((100 * display.numeric) / total) : 0}%`, title: 'Percent' }] : []),
    ],
  }));
  const slices = sharesOf().sort(null).value(({ display }) => display.numeric)(values);
  const wanted = panel.options?.displayLabels ?? [];
  return (
    <WithLegend panel={panel} items={items} width={width} height={height}>
      {(w, h) => {
        const radius = Math.min(w, h) / 2 - 6;
        const shape = shapeOfArc().innerRadius(panel.options?.pieType === 'donut' ? radius * 0.6 : 0).outerRadius(radius);
        return (
          <svg width={w} height={h} fontFamily={theme.typography.fontFamily}>
            <g transform={`translate(${w / 2},${h / 2})`}>
              {total === 0 && <circle r={radius} fill="none" stroke={theme.colors.border.medium} />}
              {slices.map((slice) => (
                <g key={slice.index}>
                  <path d={shape(slice)} fill={slice.data.display.color} stroke={theme.colors.background.primary} />
                  {slice.endAngle - slice.startAngle > 0.3 && wanted.length > 0 && (
                    <text transform={`translate(${shape.centroid(slice)})`} textAnchor="middle" fontSize={FONT} fill={theme.colors.getContrastText(slice.data.display.color)}>
                      {[wanted.includes('name') && slice.data.display.title, wanted.includes('value') && text(slice.data.display), wanted.includes('percent') && `${Math.round((100 * slice.data.display.numeric) / total)}%`].filter(Boolean).join(' ')}
                    </text>
                  )}
                </g>
              ))}
            </g>
          </svg>
        );
      }}
    </WithLegend>
  );
}

// The classic dial: 240 degrees, the value's arc inside a thin band of thresholds.
export function Dial({ value: { display, field }, width, height, theme, options }) {
  const [least, most] = [field.min ?? 0, field.max ?? 100];
  const turn = d3.scaleLinear([least, most], [-2.0, 2.0]).clamp(true);
  const radius = Math.min(width / 2, height / 1.55) - 6;
  const ring = (inner, outer) => shapeOfArc().innerRadius(radius * inner).outerRadius(radius * outer);
  const steps = (field.thresholds?.steps ?? []).map((step, index, all) => ({
    color: theme.visualization.getColorByName(step.color), startAngle: turn(Math.max(index ? step.value : least, least)), endAngle: turn(all[index + 1]?.value ?? most),
  }));
  const shown = text(display);
  return (
    <svg width={width} height={height} fontFamily={theme.typography.fontFamily}>
      <g transform={`translate(${width / 2},${radius + 4})`}>
        <path d={ring(0.66, 0.92)({ startAngle: -2.0, endAngle: 2.0 })} fill={theme.colors.background.secondary} />
        <path d={ring(0.66, 0.92)({ startAngle: -2.0, endAngle: turn(display.numeric) })} fill={display.color} />
        {options.showThresholdMarkers !== false && steps.map((step, index) => <path key={index} d={ring(0.95, 1)(step)} fill={step.color} />)}
        <text textAnchor="middle" y={radius * 0.12} fontSize={Math.min(radius * 0.4, (radius * 2) / Math.max(3, shown.length))} fontWeight={500} fill={display.color}>{shown}</text>
        {display.title && <text textAnchor="middle" y={radius * 0.5} fontSize={FONT} fill={theme.colors.text.primary}>{display.title}</text>}
      </g>
    </svg>
  );
}

export function Histogram(props) {
  const built = buildHistogram(props.frames, { bucketSize: props.panel.options?.bucketSize, bucketOffset: props.panel.options?.bucketOffset });
  if (!built) return null;
  const frame = histogramFieldsToFrame(built, props.theme);
  const display = getDisplayProcessor({ field: { type: FieldType.number, config: {} }, theme: props.theme });
  const [least, , ...counts] = frame.fields;
  const shown = { ...frame, fields: [{ ...least, type: FieldType.string, display: least.display ?? display }, ...counts.map((field) => ({ ...field, display }))] };
  return <Bars {...props} frames={[shown]} />;
}
