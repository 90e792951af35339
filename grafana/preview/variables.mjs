// Template variables as Grafana resolves them: query (label_values), custom, constant, interval and textbox.
import { labelValues } from './prometheus.mjs';

const LABEL_VALUES = /^label_values\(\s*(?:(.+)\s*,\s*)?([A-Za-z_][A-Za-z0-9_]*)\s*\)$/s;

// name -> {text, values: [..] (escaped where it is a multi-value), all}
export async function resolveVariables(dashboard, url, range, chosen) {
  const variables = new Map();
  for (const declared of dashboard.templating?.list ?? []) {
    variables.set(declared.name, await resolve(declared, variables, url, range, chosen[declared.name]));
  }
  return variables;
}

async function resolve(declared, variables, url, range, wanted) {
  if (declared.type === 'datasource') return { text: 'Prometheus', values: ['prometheus'] };
  if (declared.type === 'query') {
    const options = await queried(declared, variables, url, range);
    if (wanted) return { text: wanted, values: [wanted], options, multi: declared.multi };
    if (declared.includeAll) return { text: 'All', values: options, options, multi: true, all: declared.allValue };
    return { text: options[0] ?? '', values: options.slice(0, 1), options, multi: declared.multi };
  }
  const current = declared.current?.value ?? declared.query?.split(',')[0] ?? '';
  const value = wanted ?? (Array.isArray(current) ? current[0] : current);
  return { text: String(declared.current?.text ?? value), values: [String(value)] };
}

async function queried(declared, variables, url, range) {
  const text = typeof declared.query === 'string' ? declared.query : (declared.query?.query ?? declared.definition ?? '');
  const parts = LABEL_VALUES.exec(substitute(text, variables, {}).trim());
  if (!parts) throw new Error(`variable ${declared.name}: not understood: ${text}`);
  const values = await labelValues(url, parts[2], parts[1], range);
  const regex = declared.regex ? new RegExp(declared.regex.replace(/^\/(.*)\/$/s, '$1')) : null;
  return regex ? values.map((value) => regex.exec(value)).filter(Boolean).map((match) => match[1] ?? match[0]) : values;
}

const escaped = (value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\\\$&');

function written(variable, format) {
  if (variable.all && format !== 'text') return variable.all;
  if (format === 'text') return variable.text;
  if (format === 'raw' || !variable.multi) return variable.values.join(',');
  if (variable.values.length === 1) return escaped(variable.values[0]);
  return `(${variable.values.map(escaped).join('|')})`;
}

// $name, ${name}, ${name:format} and [[name]]; `builtin` holds $__interval and its like.
export function substitute(text, variables, builtin) {
  return text.replace(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g, (whole, braced, format, plain, old) => {
    const name = braced ?? plain ?? old;
    if (name in builtin) return builtin[name];
    return variables.has(name) ? written(variables.get(name), format) : whole;
  });
}
