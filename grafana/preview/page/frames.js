// From the plain frames of the queries to what a panel draws: transformations, then field configuration with its overrides,
// all with Grafana's own code. Only the list of options that panels declare is ours.
import {
  FieldConfigOptionsRegistry, applyFieldOverrides, cacheFieldDisplayNames, standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame,
  standardFieldConfigEditorRegistry,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

const STANDARD = ['displayName', 'unit', 'min', 'max', 'decimals', 'noValue', 'color', 'thresholds', 'mappings', 'links', 'fieldMinMax', 'filterable', 'description'];

// What Grafana's panel plugins set where a dashboard is silent.
const CUSTOM = {
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', showPoints: 'auto', pointSize: 5,
    spanNulls: false, axisPlacement: 'auto', axisColorMode: 'text', axisBorderShow: false, scaleDistribution: { type: 'linear' },
    stacking: { mode: 'none', group: 'A' }, thresholdsStyle: { mode: 'off' }, barAlignment: 0, barWidthFactor: 0.6, insertNulls: false,
  },
  'state-timeline': { lineWidth: 0, fillOpacity: 70, spanNulls: false },
  'status-history': { lineWidth: 1, fillOpacity: 70 },
  barchart: { lineWidth: 1, fillOpacity: 80, axisPlacement: 'auto' },
  histogram: { lineWidth: 1, fillOpacity: 80 },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
};
const COLOR = { timeseries: 'palette-classic', barchart: 'palette-classic', piechart: 'palette-classic', histogram: 'palette-classic', 'state-timeline': 'continuous-GrYlRd' };

standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(standardTransformers).map((one) => [one.id, one])).values()].map((transformation) => ({
    id: transformation.id, name: transformation.name, transformation, description: transformation.description, editor: () => null, imageDark: '', imageLight: '',
  }))
);

function option(id, path, isCustom) {
  const keep = (value) => value;
  return { id, path, name: id, isCustom, override: keep, process: keep, shouldApply: () => true, settings: {}, editor: () => null };
}
standardFieldConfigEditorRegistry.setInit(() => STANDARD.map((id) => option(id, id, false)));

function registryFor(fieldConfig) {
  const custom = new Set(Object.keys(fieldConfig.defaults.custom ?? {}));
  for (const { properties } of fieldConfig.overrides) {
    for (const { id } of properties) if (id.startsWith('custom.')) custom.add(id.slice('custom.'.length));
  }
  const items = [...STANDARD.map((id) => option(id, id, false)), ...[...custom].map((path) => option(`custom.${path}`, path, true))];
  return new FieldConfigOptionsRegistry(() => items);
}

export async function framesOf(panel, plain, { theme, replace }) {
  const declared = panel.fieldConfig ?? {};
  const defaults = { ...declared.defaults };
  defaults.custom = { ...CUSTOM[panel.type], ...defaults.custom };
  defaults.color ??= { mode: COLOR[panel.type] ?? 'thresholds' };
  defaults.thresholds ??= { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 80, color: 'red' }] };
  defaults.thresholds = { ...defaults.thresholds, steps: defaults.thresholds.steps.map((step, index) => ({ ...step, value: index ? step.value : -Infinity })) };
  const fieldConfig = { defaults, overrides: declared.overrides ?? [] };
  const transformed = await lastValueFrom(
    transformDataFrame(panel.transformations ?? [], plain.map((frame) => toDataFrame(frame)), { interpolate: replace })
  );
  const frames = applyFieldOverrides({
    data: transformed, fieldConfig, fieldConfigRegistry: registryFor(fieldConfig), replaceVariables: replace, theme, timeZone: 'utc',
  });
  cacheFieldDisplayNames(frames);
  return { frames, fieldConfig };
}
