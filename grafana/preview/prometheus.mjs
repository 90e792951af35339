// A Prometheus over a directory of blocks, on loopback, and its HTTP API.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
    probe.on('error', reject);
  });
}

export async function startPrometheus(blocks, config) {
  const port = await freePort();
  const process = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${blocks}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.retention.time=100y',
      '--query.lookback-delta=5m',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] }
  );
  const url = `http://127.0.0.1:${port}`;
  const end = Date.now() + READY_WITHIN_MS;
  while (Date.now() < end) {
    if (process.exitCode !== null) throw new Error(`prometheus ended with ${process.exitCode}`);
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    if (answer?.ok) return { url, stop: () => stop(process) };
    await sleep(100);
  }
  await stop(process);
  throw new Error('prometheus did not become ready');
}

async function stop(process) {
  if (process.exitCode !== null) return;
  const ended = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGTERM');
  await ended;
}

// Path below /api/v1; throws with Prometheus's own message.
export async function ask(url, path, parameters) {
  const answer = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error ?? answer.status);
  return body.data;
}

export async function labelValues(url, label, metric, range) {
  const parameters = new URLSearchParams({ start: range.from / 1000, end: range.to / 1000 });
  if (metric) parameters.append('match[]', metric);
  const answer = await fetch(`${url}/api/v1/label/${label}/values?${parameters}`);
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error ?? answer.status);
  return body.data;
}
