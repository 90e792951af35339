// Time series (Grafana's graph with our annotations in it) and tables (Grafana's, as they are).
import { FieldType } from '@grafana/data';
import { TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { colored } from './annotations.js';

export function Graph({ panel, frames, width, height, timeRange, events, theme }) {
  const graphable = frames.filter((frame) => frame.fields.some(({ type }) => type === FieldType.time));
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...panel.options?.legend };
  return (
    <TimeSeries frames={graphable} structureRev={1} timeRange={timeRange} timeZone="utc" width={width} height={height} legend={legend} options={panel.options}>
      {(config) => {
        config.addHook('draw', (plot) => drawEvents(plot, events, theme));
        return null;
      }}
    </TimeSeries>
  );
}

// As Grafana marks them: a dashed line and a triangle below it, a bar below a region.
function drawEvents(plot, events, theme) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  for (const { from, to, color } of events) {
    const left = Math.round(plot.valToPos(from, 'x', true));
    const right = Math.round(plot.valToPos(to, 'x', true));
    const bottom = bbox.top + bbox.height;
    ctx.strokeStyle = ctx.fillStyle = colored(color, theme);
    ctx.lineWidth = 2 * ratio;
    ctx.setLineDash([5 * ratio, 5 * ratio]);
    for (const x of right - left > 2 ? [left, right] : [left]) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
    }
    if (right - left > 2) {
      ctx.fillRect(left, bottom, right - left, 5 * ratio);
      ctx.globalAlpha = 0.1;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 1;
    } else {
      ctx.beginPath();
      ctx.moveTo(left, bottom);
      ctx.lineTo(left - 4 * ratio, bottom + 6 * ratio);
      ctx.lineTo(left + 4 * ratio, bottom + 6 * ratio);
      ctx.fill();
    }
  }
  ctx.restore();
}

export function Table({ panel, frames, fieldConfig, width, height, timeRange }) {
  const { options = {} } = panel;
  const shown = frames[options.frameIndex ?? 0] ?? frames[0];
  return (
    <TableNG
      data={shown} width={width} height={height} noHeader={options.showHeader === false} initialSortBy={options.sortBy} timeRange={timeRange}
      cellHeight={options.cellHeight} fieldConfig={fieldConfig} structureRev={1} enableVirtualization={false} frozenColumns={options.frozenColumns?.left}
      enablePagination={options.enablePagination} disableSanitizeHtml={false} getActions={() => []}
    />
  );
}
