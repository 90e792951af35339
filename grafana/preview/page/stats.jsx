// stat and bar gauge: Grafana's components, put together as its panels do. Its gauge wants a plotting library that only the
// server has, so the dial is ours.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, VizRepeater } from '@grafana/ui';
import { Dial } from './drawn.jsx';

function useValues({ panel, frames, fieldConfig, theme, replace, timeRange }, sparkline) {
  const values = getFieldDisplayValues({
    fieldConfig, data: frames, theme, replaceVariables: replace, timeZone: 'utc', sparkline,
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false, ...panel.options?.reduceOptions },
    percentChange: panel.options?.showPercentChange,
  });
  for (const { sparkline: line } of values) if (line) line.timeRange = timeRange;
  return values;
}

const clearName = (value, count) => (count === 1 ? { ...value.display, title: undefined } : value.display);

export function Stat(props) {
  const { options = {} } = props.panel;
  const values = useValues(props, options.graphMode !== 'none' && !options.reduceOptions?.values);
  return (
    <VizRepeater
      getValues={() => values} getAlignmentFactors={(all) => getDisplayValueAlignmentFactors(all)} source={props.frames} renderCounter={0}
      width={props.width} height={props.height} autoGrid orientation={options.orientation ?? 'auto'}
      renderValue={({ value, width, height, alignmentFactors, count }) => (
        <BigValue
          value={value.display} count={count} width={width} height={height} theme={props.theme} alignmentFactors={alignmentFactors}
          sparkline={options.graphMode === 'none' ? undefined : value.sparkline} colorMode={options.colorMode ?? 'value'}
          graphMode={options.graphMode ?? 'area'} justifyMode={options.justifyMode ?? 'auto'} textMode={options.textMode ?? 'auto'}
          text={options.text} disableWideLayout={options.wideLayout === false} percentChangeColorMode={options.percentChangeColorMode}
        />
      )}
    />
  );
}

export function Gauges(props) {
  const { options = {} } = props.panel;
  const values = useValues(props, false);
  return (
    <VizRepeater
      getValues={() => values} getAlignmentFactors={(all) => getDisplayValueAlignmentFactors(all)} source={props.frames} renderCounter={0}
      width={props.width} height={props.height} autoGrid orientation={options.orientation ?? 'auto'}
      renderValue={({ value, width, height, count }) => (
        <Dial value={{ ...value, display: clearName(value, count) }} width={width} height={height} theme={props.theme} options={options} />
      )}
    />
  );
}

export function BarGauges(props) {
  const { options = {} } = props.panel;
  const values = useValues(props, false);
  return (
    <VizRepeater
      getValues={() => values} getAlignmentFactors={(all) => getDisplayValueAlignmentFactors(all)} source={props.frames} renderCounter={0}
      width={props.width} height={props.height} orientation={options.orientation ?? 'horizontal'} itemSpacing={options.displayMode === 'lcd' ? 2 : 10}
      minVizWidth={options.minVizWidth ?? 8} minVizHeight={options.minVizHeight ?? 16} maxVizHeight={options.maxVizHeight ?? 300}
      renderValue={({ value, width, height, orientation, alignmentFactors, count }) => (
        <BarGauge
          value={clearName(value, count)} width={width} height={height} field={value.field} orientation={orientation} theme={props.theme}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)} alignmentFactors={alignmentFactors} text={options.text}
          itemSpacing={options.displayMode === 'lcd' ? 2 : 10} lcdCellWidth={12} displayMode={options.displayMode ?? 'gradient'}
          showUnfilled={options.showUnfilled ?? true} valueDisplayMode={options.valueMode ?? 'color'} namePlacement={options.namePlacement ?? 'auto'} isOverflow={false}
        />
      )}
    />
  );
}
