// node preview.mjs HISTORY PICTURES [uid...]: draws grafana/dashboards/*.json from the blocks in HISTORY/*/. See README.md.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import sharp from 'sharp';
import { laidOut } from './layout.mjs';
import { startPrometheus } from './prometheus.mjs';
import { runAnnotations, runTargets, timing } from './queries.mjs';
import { resolveVariables, substitute } from './variables.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const DASHBOARDS = process.env.DASHBOARDS ?? resolve(HERE, '../dashboards');
const NOW = Date.UTC(2026, 0, 31); // where history.py stops
const FINE_MS = 2 * 86_400_000;
const scrapeOf = ({ from, to }) => (to - from > FINE_MS ? 120_000 : 60_000); // the data source's "scrape interval", see README.md
const DESK_PX = 1440;
const PHONE_PX = 390;
const COLOURS = 128;
const FLEET = /fleet|site/; // dashboards that show all sites; the others show one home
const FROM = /^now-(\d+)([mhdwM])$/;
const UNIT_MS = { m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3, M: 30 * 86400e3 };

function rangeOf({ time = {}, uid }) {
  const [, amount, unit] = FROM.exec(time.from ?? 'now-24h') ?? [null, 24, 'h'];
  const to = NOW + (LATER_MS[uid] ?? 0);
  return { from: to - amount * UNIT_MS[unit], to };
}

// The debugging page shows hours, and the last ones are quiet: it is drawn as somebody saw it who looked after the home's last outage.
const LATER_MS = { 'cadence-debug': -(10.5 * 3_600_000) };

// "3 days ago" is to be right within the simulated month. Runs in the page.
function standStill(now) {
  const Real = Date;
  const late = Real.now() - now;
  window.Date = class extends Real {
    constructor(...given) {
      given.length ? super(...given) : super(Real.now() - late);
    }
    static now() {
      return Real.now() - late;
    }
  };
}

async function drawn(browser, site, dashboard, url, { width, mode }) {
  const range = rangeOf(dashboard);
  const chosen = FLEET.test(dashboard.uid) ? {} : { site: 'home' };
  const variables = await resolveVariables(dashboard, url, range, chosen);
  const context = { url, range, variables, scrapeMs: scrapeOf(range) };
  const { placed, height, overlaps } = laidOut(dashboard, width);
  const { events, problems } = await runAnnotations(dashboard, context);
  problems.push(...overlaps);
  const panels = [];
  for (const { panel, box } of placed) {
    const own = panel.timeFrom ? { ...context, range: rangeOf({ uid: dashboard.uid, time: { from: `now-${panel.timeFrom}` } }) } : context;
    const answer = await runTargets(panel, own, Math.floor(box.width));
    problems.push(...answer.problems);
    panels.push({ panel, box, frames: answer.frames });
  }
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
  await page.evaluateOnNewDocument(standStill, range.to);
  await page.setViewport({ width, height: Math.ceil(height) + 200, deviceScaleFactor: 1 });
  await page.goto(site, { waitUntil: 'load' });
  const written = Object.fromEntries([...variables].map(([name]) => [name, substitute(`\${${name}:text}`, variables, {})]));
  const declared = (dashboard.templating?.list ?? []).filter(({ hide, type }) => hide !== 2 && type !== 'constant');
  problems.push(
    ...(await page.evaluate((all) => window.draw(all), {
      dashboard: { title: dashboard.title },
      panels, events, range, mode, height,
      chips: [...declared.map(({ name, label }) => ({ label: label ?? name, text: written[name] })), { label: 'Time', text: `last ${(dashboard.time?.from ?? 'now-24h').slice(4)}` }],
      annotations: (dashboard.annotations?.list ?? []).filter(({ builtIn, enable, hide }) => !builtIn && enable !== false && !hide).map(({ name, iconColor }) => ({ name, color: iconColor })),
      written: { ...written, ...timing(range, 1000, scrapeOf(range)).builtin },
    }))
  );
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width, height: await page.evaluate(() => document.getElementById('root').scrollHeight) } });
  await page.close();
  return { picture, problems, events: events.length };
}

async function saved(picture, path) {
  await sharp(picture).png({ palette: true, colours: COLOURS, dither: 0.3, effort: 10, compressionLevel: 9 }).toFile(path);
  return Math.round(statSync(path).size / 1000);
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

function serve(bundle) {
  const icons = join(HERE, 'node_modules/@grafana/ui/dist/public/img');
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://page').pathname;
    const file = path === '/' ? join(HERE, 'page/index.html') : path.startsWith('/public/build/img/') ? join(icons, path.slice('/public/build/img/'.length)) : join(bundle, path);
    if (path.includes('..') || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

async function main(history, pictures, wanted) {
  const work = dirname(history);
  const bundle = join(work, 'page');
  await build({
    entryPoints: [join(HERE, 'page/main.jsx')], outdir: bundle, bundle: true, format: 'iife', jsx: 'automatic', target: 'chrome120', logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, loader: { '.woff2': 'file', '.woff': 'file', '.ttf': 'file', '.svg': 'text', '.png': 'dataurl' },
    minify: true,
  });
  // Prometheus writes into its directory; the history stays as it is.
  const data = join(work, 'data');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  for (const site of readdirSync(history).filter((name) => !name.includes('.'))) {
    for (const block of readdirSync(join(history, site))) execFileSync('cp', ['-al', join(history, site, block), data]);
  }
  const prometheus = await startPrometheus(data, join(HERE, 'prometheus.yml'));
  const server = await serve(bundle);
  const site = `http://127.0.0.1:${server.address().port}/`;
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
    // Chromium refuses its sandbox to root. Nothing but loopback is reachable through the proxy that is not there.
    args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb', '--font-render-hinting=none', '--proxy-server=http://127.0.0.1:9', '--proxy-bypass-list=127.0.0.1'],
  });
  let count = 0;
  try {
    mkdirSync(pictures, { recursive: true });
    for (const name of readdirSync(DASHBOARDS).filter((file) => file.endsWith('.json')).sort()) {
      const dashboard = JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8'));
      if (wanted.length && !wanted.includes(dashboard.uid)) continue;
      const base = name.slice(0, -'.json'.length);
      const looks = [{ width: DESK_PX, mode: 'dark', path: `${base}.png` }];
      if (dashboard.uid.endsWith('overview')) {
        looks.push({ width: PHONE_PX, mode: 'dark', path: `${base}-phone.png` }, { width: DESK_PX, mode: 'light', path: `${base}-light.png` });
      }
      for (const look of looks) {
        const { picture, problems, events } = await drawn(browser, site, dashboard, prometheus.url, look);
        const size = await saved(picture, join(pictures, look.path));
        console.log(`${look.path}: ${size} kB, ${events} annotations`);
        for (const problem of new Set(problems)) { count += 1; console.log(`  ! ${problem}`); }
      }
    }
  } finally {
    await browser.close();
    server.close();
    await prometheus.stop();
  }
  console.log(`${count} things to look at`);
}

await main(resolve(process.argv[2]), resolve(process.argv[3]), process.argv.slice(4));
