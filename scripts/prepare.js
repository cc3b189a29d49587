/**
 * Brings a checkout to the point where Berth can run: packages installed, Prisma client generated, sources compiled.
 * Runs under any Node from 20 on with nothing installed yet. Does only what is missing; says on stderr what it does.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...names) => join(root, ...names);

const CLIENT_STAMP = at('libs', 'database', 'src', 'generated', '.stamp');
const BUILD_STAMP = at('dist', '.stamp');
/** Files outside the source folders that change what a build makes. */
const BUILD_INPUTS = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

const isNewNode = Number.parseInt(process.versions.node, 10) >= 24;

/** Node 24, which npm brings, unless the one at work is as new. */
export function nodePath() {
  if (isNewNode) return process.execPath;
  return at('node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** Installs what package-lock.json asks for and is not there. */
function install() {
  return unless(isInstalled, async (step) => {
    const npm = process.env.npm_execpath;
    const [command, ...args] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
    // Its warnings about the engines of development tools are no news to somebody who wants to start Berth.
    await step('Installing packages', command, [...args, 'ci'], { npm_config_loglevel: 'error' });
    if (!isInstalled()) {
      throw new Error(
        'npm left out a package or Node 24. Allow the install script of the package "node", and try again.',
      );
    }
  });
}

/** Generates the database client, which type checks and builds need. */
export async function generate() {
  await install();
  if (!existsSync(at('prisma', 'schema.prisma'))) return;
  await unless(
    () => read(CLIENT_STAMP) === clientInputs(),
    async (step) => {
      const inputs = clientInputs();
      const prisma = at('node_modules', 'prisma', 'build', 'index.js');
      // Prisma's command wants to see a schema engine, which it has no use for here and not every machine can download.
      const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' };
      await step('Generating the database client', nodePath(), [prisma, 'generate'], env);
      write(CLIENT_STAMP, inputs);
    },
  );
}

/** Compiles every app and library into dist. */
export async function build() {
  await install();
  const fresh = () => read(BUILD_STAMP) === buildInputs();
  if (fresh()) return;
  await generate();
  await unless(fresh, async (step) => {
    const inputs = buildInputs();
    // What is left of a source that is gone could still be imported.
    rmSync(at('dist'), { recursive: true, force: true });
    const nest = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    await step('Compiling', nodePath(), [nest, 'build', 'all-in-one']);
    write(BUILD_STAMP, inputs);
  });
}

/**
 * Runs a program to its end and answers its exit code. The program leads a process group of its own: a Ctrl-C in a
 * terminal goes to the whole group, npm repeats it, and a server that got it twice would take it for impatience.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', detached: true, ...options });
    passSignalsTo(child);
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** Runs the script `main`, and ends with a plain message where it fails. */
export async function main(script) {
  try {
    process.exitCode = await script();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** npm writes a lock file into node_modules when all is in place; it leaves out what other platforms need. */
function isInstalled() {
  if (!isNewNode && !existsSync(at('node_modules', 'node', 'bin'))) return false;
  const wanted = JSON.parse(read(at('package-lock.json'))).packages;
  const installed = JSON.parse(read(at('node_modules', '.package-lock.json')) || '{"packages":{}}').packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || (installed[path] ? installed[path].integrity === entry.integrity : entry.optional === true),
  );
}

function clientInputs() {
  return digest(['package-lock.json', 'prisma.config.ts', ...filesUnder('prisma')]);
}

function buildInputs() {
  const sources = [...filesUnder('apps'), ...filesUnder('libs')].filter((path) => !/\.test\.[cm]?tsx?$/.test(path));
  return digest([...BUILD_INPUTS, ...filesUnder('prisma'), ...sources]);
}

function* filesUnder(folder) {
  if (!existsSync(at(folder))) return;
  for (const entry of readdirSync(at(folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile()) yield path;
    // What is generated follows from the rest.
    else if (entry.isDirectory() && entry.name !== 'generated' && entry.name !== 'node_modules')
      yield* filesUnder(path);
  }
}

function digest(paths) {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) {
    const content = read(at(path));
    hash.update(`${path}\0${content.length}\0${content}`);
  }
  return hash.digest('hex');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function write(path, content) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
}

/** While the child runs, signals are its to answer. Repetitions within a second count once. */
function passSignalsTo(child) {
  let last = 0;
  const pass = (signal) => {
    if (Date.now() - last > 1_000) child.kill(signal);
    last = Date.now();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  child.once('close', () => {
    for (const signal of signals) process.off(signal, pass);
  });
}

/** Does `work` unless `fresh` says that it is done; of several processes one does it and the others wait. */
async function unless(fresh, work) {
  if (fresh()) return;
  const server = await lock();
  try {
    // On Linux the program at work inherits the lock: where this process is killed it may go on and must be waited for.
    const held = process.platform === 'linux' ? [server._handle.fd] : [];
    if (!fresh()) await work((title, command, args, env) => step(title, command, args, env, held));
  } finally {
    server.close();
  }
}

/**
 * A server on an address that stands for this folder. The system takes it back from a process that ends, so nobody
 * needs to judge whether a lock is stale. It is an abstract socket on Linux, a pipe on Windows, a port elsewhere.
 */
function lock() {
  const hash = createHash('sha256').update(root).digest();
  const name = `berth-prepare-${hash.toString('hex').slice(0, 16)}`;
  const addresses = { linux: { path: `\0${name}` }, win32: { path: `\\\\.\\pipe\\${name}` } };
  const address = addresses[process.platform] ?? { host: '127.0.0.1', port: 49152 + (hash.readUInt16BE() % 16384) };
  let told = false;
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const server = createServer((socket) => socket.destroy());
      server.once('error', (error) => {
        if (error.code !== 'EADDRINUSE') return reject(error);
        if (!told) process.stderr.write('Waiting for another process that is preparing this folder\n');
        told = true;
        setTimeout(attempt, 100);
      });
      server.listen(address, () => resolve(server));
    };
    attempt();
  });
}

/** One line of progress; what the program prints is shown only if it fails. */
function step(title, command, args, env, held) {
  process.stderr.write(`${title} … `);
  const began = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...held],
      // npm is a batch file there.
      shell: process.platform === 'win32' && command === 'npm',
    });
    passSignalsTo(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const took = `${((Date.now() - began) / 1000).toFixed(1)} s`;
      process.stderr.write(code === 0 ? `done in ${took}\n` : `failed after ${took}\n`);
      if (code === 0) resolve();
      else reject(new Error(output.trim() || `${command} ended (${signal ?? `exit code ${code}`})`));
    });
  });
}
