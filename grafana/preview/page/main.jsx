import './boot.js';
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/roboto-mono/400.css';
import { Component, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createTheme, dateTime, renderTextPanelMarkdown } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { EventBusSrv, DashboardCursorSync, ThemeContext } from '@grafana/data';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { colored } from './annotations.js';
import { Bars, Heatmap, Histogram, Pie, States } from './drawn.jsx';
import { framesOf } from './frames.js';
import { Graph, Table } from './graphs.jsx';
import { BarGauges, Gauges, Stat } from './stats.jsx';

const KINDS = {
  stat: Stat, gauge: Gauges, bargauge: BarGauges, timeseries: Graph, table: Table, 'state-timeline': States, 'status-history': States,
  heatmap: Heatmap, barchart: Bars, piechart: Pie, histogram: Histogram,
};
const PADDED = new Set(['table']);
const problems = [];

class Fence extends Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    problems.push(`${this.props.title}: cannot be drawn: ${error.message}\n${error.stack}`);
  }
  render() {
    return this.state.error ? <pre>{String(this.state.error)}</pre> : this.props.children;
  }
}

const centred = { display: 'flex', alignItems: 'center', justifyContent: 'center', height: '100%' };

function Inside({ panel, frames, ...rest }) {
  if (panel.type === 'text') {
    return <div className="markdown-html" style={{ padding: 8, overflow: 'hidden' }} dangerouslySetInnerHTML={{ __html: renderTextPanelMarkdown(rest.replace(panel.options?.content ?? '')) }} />;
  }
  const Kind = KINDS[panel.type];
  if (!Kind) {
    problems.push(`${panel.title}: no picture of panel type ${panel.type}`);
    return <div style={centred}>{panel.type}: not drawn here</div>;
  }
  const any = frames.some((frame) => frame.length && frame.fields.some(({ type, values }) => type !== 'time' && values.some((value) => value !== null && value !== undefined)));
  if (!any) {
    if (!panel.fieldConfig?.defaults?.noValue) problems.push(`${panel.title}: no data, and no text that says what that means`);
    return <div style={{ ...centred, color: rest.theme.colors.text.secondary }}>{panel.fieldConfig?.defaults?.noValue ?? 'No data'}</div>;
  }
  return createElement(Kind, { panel, frames, ...rest });
}

function Panel({ box, ...rest }) {
  const { panel, theme } = rest;
  return (
    <div style={{ position: 'absolute', left: box.x, top: box.y, width: box.width, height: box.height }}>
      <PanelChrome
        title={rest.replace(panel.title ?? '', 'text')} description={panel.description} width={box.width} height={box.height}
        padding={PADDED.has(panel.type) ? 'none' : 'md'} displayMode={panel.transparent ? 'transparent' : 'default'} hoverHeader={!panel.title} theme={theme}
      >
        {(width, height) => <Fence title={panel.title}><Inside {...rest} width={width} height={height} /></Fence>}
      </PanelChrome>
    </div>
  );
}

function Row({ panel, box, theme, replace }) {
  return (
    <div style={{ position: 'absolute', left: box.x, top: box.y, height: box.height, fontWeight: 500, fontSize: 16, color: theme.colors.text.primary, lineHeight: '30px' }}>
      ▾ {replace(panel.title ?? '', 'text')}
    </div>
  );
}

// The bar on top: ours, and only to say what is shown.
function Head({ dashboard, chips, annotations, theme }) {
  const chip = { border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, padding: '3px 8px', whiteSpace: 'nowrap' };
  return (
    <div style={{ padding: '16px 16px 8px', display: 'flex', gap: 8, flexWrap: 'wrap', alignItems: 'center', color: theme.colors.text.primary }}>
      <span style={{ fontSize: 18, fontWeight: 500, marginRight: 8 }}>{dashboard.title}</span>
      {chips.map(({ label, text }) => <span key={label} style={chip}><span style={{ color: theme.colors.text.secondary }}>{label}</span>&nbsp; {text}</span>)}
      {annotations.map(({ name, color }) => <span key={name} style={{ whiteSpace: 'nowrap', color: theme.colors.text.secondary }}><b style={{ color: colored(color, theme) }}>┆</b> {name}</span>)}
    </div>
  );
}

window.draw = async ({ dashboard, panels, events, chips, annotations, range, mode, height, written }) => {
  await initPluginTranslations('grafana');
  const theme = createTheme({ colors: { mode } });
  const timeRange = { from: dateTime(range.from), to: dateTime(range.to), raw: { from: 'now-1h', to: 'now' } };
  const replace = (text, scopedVars, format) => (typeof text === 'string' ? text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, a, b) => {
    const name = a ?? b;
    return scopedVars?.[name]?.value ?? written[name] ?? whole;
  }) : text);
  const ready = [];
  for (const one of panels) {
    ready.push({ ...one, ...(one.panel.type === 'row' ? {} : await framesOf(one.panel, one.frames, { theme, replace }).catch((error) => {
      problems.push(`${one.panel.title}: ${error.message}`);
      return { frames: [], fieldConfig: { defaults: {}, overrides: [] } };
    })) });
  }
  const context = { eventsScope: 'preview', eventBus: new EventBusSrv(), sync: () => DashboardCursorSync.Off };
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={context}>
        <Head dashboard={dashboard} chips={chips} annotations={annotations} theme={theme} />
        <div style={{ position: 'relative', height, margin: '0 16px 16px' }}>
          {ready.map(({ panel, box, frames, fieldConfig }) => (panel.type === 'row'
            ? <Row key={panel.id} panel={panel} box={box} theme={theme} replace={replace} />
            : <Panel key={panel.id} panel={panel} box={box} frames={frames} fieldConfig={fieldConfig} events={events.filter(({ shownOn }) => shownOn.ids.includes(panel.id) !== Boolean(shownOn.exclude))} theme={theme} replace={replace} timeRange={timeRange} />
          ))}
        </div>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
  await document.fonts.ready;
  return new Promise((resolve) => setTimeout(() => resolve(problems), 1500));
};
window.problems = problems;
